"""The two service-wide topics of auth and the data of their events: what other services may rely on."""

from datetime import datetime
from typing import Any
from uuid import UUID

from common.log.transaction import Tx
from common.schemas import Out, Timestamp, encode

USERS = "users"
SESSIONS = "sessions"


class PublicAccount(Out):
    """An account as other services hold it."""

    id: UUID
    name: str
    color: str
    version: int


class GoneAccount(Out):
    """An account that was disabled or deleted."""

    id: UUID
    version: int


class EndedSession(Out):
    """A session whose access tokens are refused from now on."""

    id: UUID
    account_id: UUID
    at: Timestamp


def account_changed(tx: Tx, kind: str, account: Any, actor_id: UUID | None) -> None:
    """Tell that an account was created or updated; `account` carries the version that this event takes."""
    data = encode(
        PublicAccount(id=account.id, name=account.name, color=account.color, version=account.version)
    )
    tx.append(USERS, kind, resource_id=account.id, actor_id=actor_id, data=data)


def account_gone(tx: Tx, kind: str, account_id: UUID, actor_id: UUID | None) -> None:
    """Tell that an account was disabled or deleted."""
    data = encode(GoneAccount(id=account_id, version=tx.next_seq(USERS)))
    tx.append(USERS, kind, resource_id=account_id, actor_id=actor_id, data=data)


def session_ended(tx: Tx, session_id: UUID, account_id: UUID, at: datetime, actor_id: UUID | None) -> None:
    """Tell that a session has ended."""
    data = encode(EndedSession(id=session_id, account_id=account_id, at=at))
    tx.append(SESSIONS, "session.ended", resource_id=session_id, actor_id=actor_id, data=data)
