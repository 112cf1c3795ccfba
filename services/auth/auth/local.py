"""What a process of auth holds beside the common runtime."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from auth.keys import KeyRing, Safe
from auth.passwords import Passwords
from auth.refresh import RefreshTokens
from auth.settings import Settings
from auth.store.sessions import Limits
from common.runtime import Runtime


@dataclass(frozen=True)
class Local:
    """Made once, when the process starts."""

    settings: Settings
    refresh: RefreshTokens
    passwords: Passwords
    safe: Safe
    keys: KeyRing

    def limits(self, at: datetime) -> Limits:
        """Which sessions are still good at a moment."""
        return limits(self.settings, at)


def local(rt: Runtime) -> Local:
    """The same, typed."""
    assert isinstance(rt.local, Local)  # noqa: S101 - the lifespan has put it there
    return rt.local


def limits(settings: Settings, at: datetime) -> Limits:
    """The idle and the absolute limit of sessions, as moments."""
    return Limits(at - timedelta(days=settings.session_idle_days), at - timedelta(days=settings.session_days))
