"""Sharing: giving an account a role in a list, and taking it away."""

from uuid import UUID

from common.errors import Conflict, NotFound, VersionConflict
from common.etag import if_match
from common.log.transaction import Tx
from common.schemas import encode
from todo import store
from todo.actions.access import accessible_list, require_role
from todo.actions.outcome import Outcome
from todo.actions.tasks import unassign
from todo.schemas import Member, Role
from todo.topics import LISTS, list_topic, user_topic


class LastOwner(Conflict):
    """Somebody has to own the list."""

    code = "last-owner"
    title = "A list keeps at least one owner"


async def put_member(
    tx: Tx, actor_id: UUID, list_id: UUID, account_id: UUID, role: Role, match: str | None
) -> Outcome:
    """Give an account a role. Wants the list's, the account's and the `lists` topic locked."""
    parent = await accessible_list(tx.db, list_id, actor_id, "owner")
    current = await store.members.get(tx.db, list_id, account_id)
    _check_match(match, current)
    if current is not None and current.role == role:
        return Outcome(encode(current), current.version)
    if current is not None and await store.members.is_last_owner(tx.db, current):
        raise LastOwner

    topic = list_topic(list_id)
    member = Member(list_id=list_id, account_id=account_id, role=role, version=tx.next_seq(topic))
    data = encode(member)
    await store.members.put(tx.db, member)
    for log in (topic, LISTS):
        tx.append(log, "member.put", resource_id=account_id, actor_id=actor_id, data=data)
    if current is None:
        tx.append(
            user_topic(account_id), "list.added", resource_id=list_id, actor_id=actor_id, data=parent.data
        )
    return Outcome(data, member.version, created=current is None)


async def remove_member(tx: Tx, actor_id: UUID, list_id: UUID, account_id: UUID, match: str | None) -> None:
    """Take an account out of a list: owners anyone, everybody themselves. Wants the list's topic locked.

    What was assigned to it is so no longer; those events follow its removal, so that it does not see them.
    """
    await require_role(tx.db, list_id, actor_id, "viewer" if actor_id == account_id else "owner")
    current = await store.members.get(tx.db, list_id, account_id)
    if current is None:
        raise NotFound
    _check_match(match, current)
    if await store.members.is_last_owner(tx.db, current):
        raise LastOwner
    await tx.lock(user_topic(account_id), LISTS)  # not before: any id can stand in the path

    topic = list_topic(list_id)
    version = tx.next_seq(topic)
    data = encode({"id": account_id, "list_id": list_id, "account_id": account_id, "version": version})
    gone = encode({"id": list_id, "version": version})
    await store.members.remove(tx.db, list_id, account_id)
    for log in (topic, LISTS):
        tx.append(
            log, "member.removed", resource_id=account_id, actor_id=actor_id, data=data, revokes=[account_id]
        )
    tx.append(user_topic(account_id), "list.removed", resource_id=list_id, actor_id=actor_id, data=gone)
    await unassign(tx, actor_id, list_id, account_id)


def _check_match(match: str | None, current: Member | None) -> None:
    if current is not None:
        if_match(match, current.version, lambda: encode(current))
    elif match is not None:
        raise VersionConflict(current=None)
