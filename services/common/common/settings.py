"""Settings: read from the environment (prefix TODOLIST_), checked once, before anything else starts."""

import sys
from typing import Annotated, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "TODOLIST_"


class ServiceSettings(BaseSettings):
    """What every service needs. A field without a default is required."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    database_url: SecretStr = Field(description="mysql://account:password@host:port/database")
    redis_url: SecretStr = Field(description="redis://host:port, or rediss:// by TLS")
    service_key: SecretStr = Field(min_length=32, description="HS256 key that only the services share")
    redis_cluster: bool = Field(False, description="that Redis is a cluster: the URL names any of its nodes")

    auth_url: str = Field("http://auth:8000", description="where the auth service answers")
    todo_url: str = Field("http://todo:8000", description="where the todo service answers")
    chat_url: str = Field("http://chat:8000", description="where the chat service answers")
    host: str = Field("0.0.0.0", description="address to listen on")  # noqa: S104 - a container listens on all of its own
    port: int = Field(8000, ge=0, le=65535, description="port to listen on")

    token_issuer: str = Field("todolist", description="`iss` of access tokens")
    allowed_origins: Annotated[list[str], NoDecode] = Field(
        default_factory=list, description="further origins, comma-separated, that may open a WebSocket"
    )
    trusted_proxies: str = Field(
        "127.0.0.1", description="whose X-Forwarded-* headers are believed (uvicorn's syntax)"
    )
    pool_size: int = Field(
        10, ge=1, le=200, description="MySQL connections of a process for reads, and as many for writes"
    )
    pool_wait: float = Field(0.5, gt=0, le=30, description="seconds to wait for one of them before 503")
    drain_seconds: float = Field(
        10, ge=0, le=120, description="seconds over which sockets are sent away on SIGTERM"
    )
    retention_days: int = Field(90, ge=1, description="days of events that are kept")
    background: bool = Field(
        True, description="a serving process also does the background work; false where workers do it"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="least level that is logged"
    )
    log_format: Literal["json", "console"] = Field(
        "json", description="json for machines, console for people"
    )

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        )

    def async_dsn(self) -> str:
        """The database URL for the request path (asyncmy)."""
        return _with_driver(self.database_url.get_secret_value(), "asyncmy")

    def sync_dsn(self) -> str:
        """The database URL for migrations and commands (PyMySQL)."""
        return _with_driver(self.database_url.get_secret_value(), "pymysql")


def _with_driver(url: str, driver: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme.split('+')[0]}+{driver}://{rest}"


S = TypeVar("S", bound=ServiceSettings)


def load(settings_class: type[S]) -> S:
    """Read the settings, or leave with status 2 and one message that names everything missing or wrong."""
    try:
        return settings_class()  # the values come from the environment
    except ValidationError as error:
        sys.stderr.write(explain(error) + "\n")
        raise SystemExit(2) from None


def explain(error: ValidationError) -> str:
    """One line per setting that is missing or wrong; never a value, since it may be a secret."""
    lines = ["The settings are not complete. Set these environment variables:"]
    for item in error.errors(include_input=False, include_url=False):
        name = PREFIX + "_".join(str(part) for part in item["loc"]).upper()
        lines.append(f"  {name}: {'missing' if item['type'] == 'missing' else item['msg']}")
    return "\n".join(lines)
