"""The bodies that auth reads and gives."""

import hashlib
from typing import Annotated, Any, Literal
from uuid import UUID

import email_validator
from pydantic import AfterValidator, Field, SecretStr, StringConstraints
from pydantic_core import PydanticCustomError

from auth.passwords import MAX_LENGTH
from common.schemas import Body, CleanStr, Out, Timestamp, clean

# A team may well run on an intranet whose addresses end in `.local`; the library refuses them by default.
email_validator.SPECIAL_USE_DOMAIN_NAMES.remove("local")

COLORS = (
    "#c2410c",
    "#b45309",
    "#4d7c0f",
    "#15803d",
    "#0f766e",
    "#0369a1",
    "#4338ca",
    "#7e22ce",
    "#a21caf",
    "#be185d",
)
"""Dark enough for white letters to be read on them (contrast over 4.5:1)."""


def normalise_email(value: str) -> str:
    """One spelling per mailbox: NFC, international domain, lower case. Asks no name server."""
    try:
        return email_validator.validate_email(value, check_deliverability=False).normalized.lower()
    except email_validator.EmailNotValidError as error:
        raise PydanticCustomError("bad-email", "{reason}", {"reason": str(error)}) from None


def color_of(account_id: UUID) -> str:
    """The colour of an account that has chosen none."""
    return COLORS[hashlib.sha256(account_id.bytes).digest()[0] % len(COLORS)]


def _clean_secret(value: SecretStr) -> SecretStr:
    clean(value.get_secret_value())
    return value


Email = Annotated[
    CleanStr,
    Field(max_length=254, json_schema_extra={"format": "email"}, examples=["ann@example.com"]),
    AfterValidator(normalise_email),
]
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(clean)
]
Color = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]
Password = Annotated[SecretStr, Field(min_length=1, max_length=MAX_LENGTH), AfterValidator(_clean_secret)]
"""A password as it is typed. Whether a new one is long enough is a setting, so the action decides."""


def _absent() -> Any:
    """A field that may be left out but not be null; `given()` tells which were sent."""
    return Field(default_factory=lambda: None)


class NewAccount(Body):
    """Registering."""

    email: Email
    password: Password
    name: Name


class ProfileChange(Body):
    """Changing one's own profile."""

    name: Name = _absent()
    color: Color = _absent()


class PasswordChange(Body):
    """Changing one's own password."""

    current_password: Password
    new_password: Password


class PasswordProof(Body):
    """Proving that it is really you."""

    password: Password


class SignIn(Body):
    """Signing in. The refresh token comes as a cookie that no script can read, or in the answer's body."""

    email: Email
    password: Password
    transport: Literal["cookie", "body"] = "cookie"


class Refresh(Body):
    """Refreshing without a cookie."""

    refresh_token: Annotated[str, Field(max_length=200)]


class Profile(Out):
    """What everybody who is signed in may know of an account."""

    id: UUID
    name: str
    color: str


class Account(Out):
    """One's own account."""

    id: UUID
    email: str
    name: str
    color: str
    role: Literal["user", "admin"]
    created_at: Timestamp
    version: int


class Session(Out):
    """One sign-in on one device."""

    id: UUID
    device: str
    address: str
    created_at: Timestamp
    last_used_at: Timestamp
    current: bool


class Tokens(Out):
    """An access token, and the session it belongs to. `refresh_token` is null when it travels as a cookie."""

    access_token: str
    expires_in: int
    session: Session
    refresh_token: str | None


class KeySet(Out):
    """The public keys of access tokens (RFC 7517)."""

    keys: list[dict[str, Any]]
