"""Signing in, refreshing, signing out."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from auth import store
from auth.device import Origin
from auth.errors import AccountDisabled, BadCredentials, SessionEnded
from auth.local import Local, local
from auth.refresh import GRACE, Presented, Verdict, judge
from auth.rows import AnyRow
from auth.schemas import Session, SignIn
from auth.tokens import LIFE, Subject, sign
from auth.topics import SESSIONS, session_ended
from common.errors import NotFound, ServiceError
from common.ids import new_id
from common.log.transaction import Tx
from common.runtime import Runtime


class Issued(NamedTuple):
    """What signing in or refreshing gives; the route decides how the refresh token travels."""

    access_token: str
    expires_in: int
    session: Session
    refresh_token: str


async def sign_in(rt: Runtime, body: SignIn, origin: Origin) -> Issued:
    """Begin a session. Unknown address and wrong password look the same and take the same steps."""
    async with rt.database.read() as db:
        account = await store.accounts.proof_by_email(db, body.email)
    passwords = local(rt).passwords
    password = body.password.get_secret_value()
    right = await passwords.verify(account.password_hash if account else None, password)
    outdated = right and account is not None and passwords.outdated(account.password_hash)
    renewed = await passwords.hash(password) if outdated else None

    async def begin(tx: Tx) -> AnyRow | ServiceError:
        proven = await _still(tx, account) if right and account else None
        if proven is None or proven.disabled_at is not None:
            # Returned, not raised: the record of the refusal has to be committed.
            known = account.id if account else None
            await store.audit.record(tx.db, tx.now, "sign-in.failed", origin, account_id=known)
            return BadCredentials() if proven is None else AccountDisabled()
        if renewed is not None:
            await store.accounts.change(tx.db, proven.id, {"password_hash": renewed})
        return await _begin(tx, proven.id, origin)

    session = await rt.log.write([], begin)
    if isinstance(session, ServiceError):
        raise session
    return await _issue(local(rt), session, session.counter)


async def _still(tx: Tx, account: AnyRow) -> AnyRow | None:
    """The account, locked, if its password is still the one that was checked outside the transaction.

    Otherwise a sign-in with the old password could slip past the change that ends all other sessions.
    """
    current = await store.accounts.lock_proof(tx.db, account.id)
    return current if current and current.password_changed_at == account.password_changed_at else None


async def _begin(tx: Tx, account_id: UUID, origin: Origin) -> AnyRow:
    session_id = new_id()
    values = {
        "id": session_id,
        "account_id": account_id,
        "counter": 1,
        "created_at": tx.now,
        "rotated_at": tx.now,
        "used_at": None,
        "last_used_at": tx.now,
        "device": origin.device,
        "address": origin.address,
    }
    await store.sessions.add(tx.db, values)
    await store.audit.record(tx.db, tx.now, "sign-in", origin, account_id=account_id, session_id=session_id)
    return await store.sessions.begun(tx.db, session_id)


async def refresh(rt: Runtime, token: str, origin: Origin) -> Issued:
    """Give the current tokens of a session to who holds a refresh token of it, as `judge` decides."""
    presented = local(rt).refresh.read(token)
    if presented is None:
        raise SessionEnded

    async def advance(tx: Tx) -> tuple[AnyRow | None, int | None]:
        return await _advance(tx, local(rt), presented, origin)

    # The session has no topic; its name makes fifty tabs of one moment share a transaction.
    session, counter = await rt.log.write([f"session:{presented.session_id}"], advance)
    if session is None:
        raise SessionEnded
    if counter is None:
        await _end_reused(rt, session, origin)
        raise SessionEnded
    return await _issue(local(rt), session, counter)


async def _advance(
    tx: Tx, here: Local, presented: Presented, origin: Origin
) -> tuple[AnyRow | None, int | None]:
    """The session, none when it is over, and the counter of the token to give, none when one was reused."""
    while True:
        session = await store.sessions.live(tx.db, presented.session_id, here.limits(tx.now))
        if session is None:
            return None, None
        verdict = judge(presented.counter, session.counter, session.rotated_at, session.used_at, tx.now)
        if verdict is Verdict.REUSED:
            return session, None
        if verdict is Verdict.ROTATE and not await store.sessions.rotate(
            tx.db, session.id, session.counter, tx.now
        ):
            continue  # another request moved it meanwhile, or ended the session: look again
        break
    if verdict is Verdict.SAME and session.used_at is None:
        await store.sessions.mark_used(tx.db, session.id, session.counter, tx.now)
    if tx.now - session.last_used_at >= GRACE:
        await store.sessions.touch(tx.db, session.id, tx.now, origin.address)
    return session, session.counter + (verdict is Verdict.ROTATE)


async def _end_reused(rt: Runtime, session: AnyRow, origin: Origin) -> None:
    """Two parties hold tokens of one session, and nobody can tell which is the person: end it for both."""

    async def end(tx: Tx) -> None:
        await end_in(tx, session.account_id, origin, "refresh.reused", actor_id=None, only=session.id)

    await rt.log.write([SESSIONS], end)


async def _issue(here: Local, session: AnyRow, counter: int) -> Issued:
    at = datetime.now(session.created_at.tzinfo)
    # No access token outlives the absolute limit of its session.
    over = session.created_at + timedelta(days=here.settings.session_days)
    expires = min(at + timedelta(seconds=LIFE), over)
    subject = Subject(session.account_id, session.id, session.account_name, session.role)
    access = sign(
        await here.keys.signer(), subject, issuer=here.settings.token_issuer, issued=at, expires=expires
    )
    lasts = int((expires - at).total_seconds())
    return Issued(access, lasts, shown(session, session.id), here.refresh.make(session.id, counter))


def shown(session: AnyRow, current: UUID) -> Session:
    """A session as its owner sees it."""
    return Session(
        id=session.id,
        device=session.device,
        address=session.address,
        created_at=session.created_at,
        last_used_at=session.last_used_at,
        current=session.id == current,
    )


async def end_in(
    tx: Tx,
    account_id: UUID,
    origin: Origin,
    kind: str,
    *,
    actor_id: UUID | None,
    only: UUID | None = None,
    keep: UUID | None = None,
) -> list[UUID]:
    """End sessions and tell every process of every service. The transaction holds the topic `sessions`."""
    ended = await store.sessions.end(tx.db, account_id, tx.now, only=only, keep=keep)
    for session_id in ended:
        session_ended(tx, session_id, account_id, tx.now, actor_id)
        await store.audit.record(tx.db, tx.now, kind, origin, account_id=account_id, session_id=session_id)
    return ended


async def sign_out(rt: Runtime, account_id: UUID, session_id: UUID, origin: Origin) -> None:
    """End one session of an account; 404 when it has none such that goes on."""

    async def end(tx: Tx) -> None:
        if not await end_in(tx, account_id, origin, "sign-out", actor_id=account_id, only=session_id):
            raise NotFound

    await rt.log.write([SESSIONS], end)


async def sign_out_others(rt: Runtime, account_id: UUID, current: UUID, origin: Origin) -> None:
    """End all sessions of an account but the current one."""

    async def end(tx: Tx) -> None:
        await end_in(tx, account_id, origin, "sign-out", actor_id=account_id, keep=current)

    await rt.log.write([SESSIONS], end)


async def sign_out_by_token(rt: Runtime, token: str, origin: Origin) -> None:
    """End the session of a refresh token, for who comes back after the access token has expired.

    A token that we made is enough, however old: it could end the session by being refreshed as well.
    """
    presented = local(rt).refresh.read(token)
    if presented is None:
        raise SessionEnded
    async with rt.database.read() as db:
        account_id = await store.sessions.owner(db, presented.session_id)
    if account_id is None:
        return

    async def end(tx: Tx) -> None:
        only = presented.session_id
        await end_in(tx, account_id, origin, "sign-out", actor_id=account_id, only=only)

    await rt.log.write([SESSIONS], end)
