"""What a service gives the common parts: that by which it differs from the others."""

from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter

from common.conversation import Op
from common.follow import Feed
from common.identity import FetchKeys
from common.live import Hook
from common.log.access import Access
from common.log.source import SnapshotPage
from common.settings import ServiceSettings

if TYPE_CHECKING:
    from common.runtime import Runtime


@dataclass
class Service:
    """What makes a service itself; everything else is common. What takes a Runtime is called when one is
    made."""

    name: str
    settings: ServiceSettings
    routers: list[APIRouter]
    direct: Sequence[Callable[..., Any]] = ()  # endpoints that are asked for most (direct.py)
    access: Access | None = None  # none: the service has no live endpoint
    feeds: dict[str, SnapshotPage] = field(default_factory=dict)  # topics that other services may follow
    follows: "Callable[[Runtime], list[Feed]]" = lambda _: []
    live_ops: "Callable[[Runtime], dict[str, Op]]" = lambda _: {}
    on_subscribe: "Callable[[Runtime], Hook] | None" = None
    on_unsubscribe: "Callable[[Runtime], Hook] | None" = None
    background: "Callable[[Runtime], list[Coroutine[Any, Any, None]]]" = lambda _: []  # beyond following
    # Its value becomes runtime.local, in a process that serves.
    setup: "Callable[[Runtime], AbstractAsyncContextManager[Any]] | None" = None
    local_keys: "Callable[[Runtime], FetchKeys] | None" = None  # auth reads its own keys
