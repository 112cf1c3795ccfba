"""What the chat service can be told beyond the settings of every service."""

from pydantic import Field

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settings of chat: how quickly presence notices, and how patient it is."""

    presence_ttl: float = Field(
        60, gt=0, le=600, description="seconds after which a silent process's people count as left"
    )
    presence_refresh: float = Field(
        20, gt=0, le=300, description="seconds between two signs of life in Redis"
    )
    presence_poll: float = Field(
        10, gt=0, le=300, description="seconds between two looks at a room on screen"
    )
    presence_batch: float = Field(
        0.25, ge=0, le=10, description="seconds in which changes are gathered before they are told"
    )
    typing_interval: float = Field(
        2, ge=0, le=10, description="least seconds between two typing signals of a socket"
    )
