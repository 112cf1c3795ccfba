"""Registering, changing and leaving; what the operator does to an account."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from auth import store
from auth.actions.sessions import end_in
from auth.device import Origin
from auth.errors import EmailTaken, WrongPassword
from auth.local import local
from auth.passwords import normalise
from auth.rows import AnyRow
from auth.schemas import Account, NewAccount, PasswordChange, ProfileChange, color_of
from auth.store.audit import ON_THE_SERVER
from auth.topics import SESSIONS, USERS, account_changed, account_gone
from common.errors import Conflict, Invalid, NotFound
from common.etag import if_match
from common.ids import new_id
from common.log.transaction import Tx
from common.runtime import Runtime
from common.schemas import encode


def _long_enough(rt: Runtime, password: str, pointer: str) -> str:
    least = local(rt).settings.password_min_length
    if len(normalise(password)) < least:
        raise Invalid.field(pointer, "too-short", f"must have at least {least} characters")
    return password


async def register(rt: Runtime, body: NewAccount, origin: Origin) -> Account:
    """Create an account. It signs nobody in."""
    password = _long_enough(rt, body.password.get_secret_value(), "/password")
    password_hash = await local(rt).passwords.hash(password)

    async def create(tx: Tx) -> Account:
        if await store.accounts.find(tx.db, body.email) is not None:
            raise EmailTaken
        account_id = new_id()
        account = Account(
            id=account_id,
            email=body.email,
            name=body.name,
            color=color_of(account_id),
            role="user",
            created_at=tx.now,
            version=tx.next_seq(USERS),
        )
        secret = {"password_hash": password_hash, "password_changed_at": tx.now}
        await store.accounts.add(tx.db, account.model_dump() | secret)
        await store.audit.record(tx.db, tx.now, "account.created", origin, account_id=account_id)
        account_changed(tx, "account.created", account, account_id)
        return account

    return await rt.log.write([USERS], create)


async def change_profile(rt: Runtime, account_id: UUID, body: ProfileChange, expected: str | None) -> Account:
    """Change one's own profile; what is the same already is no change and takes no number."""

    async def change(tx: Tx) -> Account:
        row = await store.accounts.get(tx.db, account_id)
        if row is None:
            raise NotFound
        current = Account.model_validate(row)
        if_match(expected, current.version, lambda: encode(current))
        return await _apply(tx, current, body.given(), account_id)

    return await rt.log.write([USERS], change)


async def _apply(tx: Tx, current: Account, given: dict[str, Any], actor_id: UUID | None) -> Account:
    changed = current.model_copy(update=given)
    if changed == current:
        return current
    changed.version = tx.next_seq(USERS)
    await store.accounts.change(tx.db, current.id, given | {"version": changed.version})
    account_changed(tx, "account.updated", changed, actor_id)
    return changed


async def _proven(rt: Runtime, account_id: UUID, password: str) -> AnyRow:
    """The account, when the password is its own."""
    async with rt.database.read() as db:
        account = await store.accounts.proof(db, account_id)
    if account is None:
        raise NotFound
    if not await local(rt).passwords.verify(account.password_hash, password):
        raise WrongPassword
    return account


async def change_password(
    rt: Runtime, account_id: UUID, session_id: UUID, body: PasswordChange, origin: Origin
) -> None:
    """Another password; every session but the current one ends."""
    password = _long_enough(rt, body.new_password.get_secret_value(), "/new_password")
    proven = await _proven(rt, account_id, body.current_password.get_secret_value())
    password_hash = await local(rt).passwords.hash(password)

    async def change(tx: Tx) -> None:
        await _unchanged(tx, proven)
        await store.accounts.change_password(tx.db, account_id, password_hash, tx.now)
        await store.audit.record(tx.db, tx.now, "password.changed", origin, account_id=account_id)
        await end_in(tx, account_id, origin, "session.ended", actor_id=account_id, keep=session_id)

    await rt.log.write([SESSIONS], change)


async def _unchanged(tx: Tx, proven: AnyRow) -> None:
    """Lock the account and see that the password proven outside the transaction still holds."""
    current = await store.accounts.lock_proof(tx.db, proven.id)
    if current is None:
        raise NotFound
    if current.password_changed_at != proven.password_changed_at:
        raise WrongPassword


async def leave(rt: Runtime, account_id: UUID, password: str, origin: Origin) -> None:
    """Delete one's own account: the row goes, and earlier events no longer say the name."""
    proven = await _proven(rt, account_id, password)

    async def delete(tx: Tx) -> None:
        await _unchanged(tx, proven)
        await end_in(tx, account_id, origin, "session.ended", actor_id=account_id)
        await store.accounts.remove(tx.db, account_id)
        await store.audit.record(tx.db, tx.now, "account.deleted", origin, account_id=account_id)
        await tx.scrub(USERS, account_id)
        account_gone(tx, "account.deleted", account_id, account_id)

    await rt.log.write([USERS, SESSIONS], delete)


# What the operator does, by command. Each holds both topics.

Command = Callable[[Tx, UUID], Awaitable[None]]


async def by_email(tx: Tx, email: str, command: Command) -> None:
    """Do something to the account with that address."""
    account_id = await store.accounts.find(tx.db, email)
    if account_id is None:
        raise NotFound("There is no account with that address.")
    await command(tx, account_id)


def set_role(role: str) -> Command:
    """Make somebody an admin, or a user again. Their sessions end, since tokens carry the role."""

    async def command(tx: Tx, account_id: UUID) -> None:
        row = await store.accounts.get(tx.db, account_id)
        if row is None:
            raise Conflict("The account is disabled.")
        await _apply(tx, Account.model_validate(row), {"role": role}, None)
        await store.audit.record(tx.db, tx.now, f"role.{role}", ON_THE_SERVER, account_id=account_id)
        await end_in(tx, account_id, ON_THE_SERVER, "session.ended", actor_id=None)

    return command


async def disable(tx: Tx, account_id: UUID) -> None:
    """Shut somebody out: sessions end, signing in is refused."""
    if await store.accounts.get(tx.db, account_id) is None:
        return
    values = {"disabled_at": tx.now, "version": tx.next_seq(USERS)}
    await store.accounts.change(tx.db, account_id, values)
    await store.audit.record(tx.db, tx.now, "account.disabled", ON_THE_SERVER, account_id=account_id)
    await end_in(tx, account_id, ON_THE_SERVER, "session.ended", actor_id=None)
    account_gone(tx, "account.disabled", account_id, None)


async def enable(tx: Tx, account_id: UUID) -> None:
    """Let somebody in again."""
    if await store.accounts.get(tx.db, account_id) is not None:
        return
    await store.accounts.change(tx.db, account_id, {"disabled_at": None, "version": tx.next_seq(USERS)})
    await store.audit.record(tx.db, tx.now, "account.enabled", ON_THE_SERVER, account_id=account_id)
    account_changed(tx, "account.updated", await store.accounts.get(tx.db, account_id), None)
