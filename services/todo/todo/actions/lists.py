"""Making, changing and deleting lists."""

from uuid import UUID

from common.errors import NotFound
from common.etag import if_match
from common.ids import body_digest
from common.log.transaction import Tx
from common.schemas import encode
from todo import store
from todo.actions.access import accessible_list
from todo.actions.outcome import Outcome, repeated
from todo.schemas import ListPatch, ListState, Member, NewList, with_role
from todo.topics import LISTS, list_topic, user_topic


async def create_list(tx: Tx, actor_id: UUID, list_id: UUID, body: NewList) -> Outcome:
    """Make a list that the actor owns. Wants the list's, the actor's and the `lists` topic locked.

    The list's own log begins with its first member: the list and that member are both version 1.
    """
    digest = body_digest(body)
    earlier = await store.lists.creation(tx.db, list_id)
    if earlier is not None:
        return await _made_before(tx, actor_id, list_id, repeated(earlier, actor_id, digest))

    topic = list_topic(list_id)
    await tx.create(topic)
    version = tx.next_seq(topic)
    item = ListState(id=list_id, title=body.title, color=body.color, version=version)
    owner = Member(list_id=list_id, account_id=actor_id, role="owner", version=version)
    data, first = encode(item), encode(owner)
    await store.lists.add(tx.db, item, data, actor_id, digest)
    await store.members.put(tx.db, owner)

    tx.append(topic, "member.put", resource_id=actor_id, actor_id=actor_id, data=first)
    tx.append(user_topic(actor_id), "list.added", resource_id=list_id, actor_id=actor_id, data=data)
    tx.append(LISTS, "list.created", resource_id=list_id, actor_id=actor_id, data=data)
    tx.append(LISTS, "member.put", resource_id=actor_id, actor_id=actor_id, data=first)
    return Outcome(with_role(data, "owner"), version, created=True)


async def _made_before(tx: Tx, actor_id: UUID, list_id: UUID, outcome: Outcome) -> Outcome:
    """What a repeated creation shows. A creator who is no member any more may not see the list."""
    role = await store.members.role(tx.db, list_id, actor_id)
    if role is None:
        raise NotFound
    return outcome._replace(data=with_role(outcome.data, role))


async def update_list(tx: Tx, actor_id: UUID, list_id: UUID, body: ListPatch, match: str | None) -> Outcome:
    """Change title or colour. Wants the list's and the `lists` topic locked."""
    found = await accessible_list(tx.db, list_id, actor_id, "editor")
    if_match(match, found.version, lambda: with_role(found.data, found.role))
    current = ListState.model_validate_json(found.data)
    if current.model_copy(update=body.given()) == current:
        return Outcome(with_role(found.data, found.role), found.version)

    topic = list_topic(list_id)
    item = current.model_copy(update=body.given() | {"version": tx.next_seq(topic)})
    data = encode(item)
    await store.lists.save(tx.db, item, data)
    for log in (topic, LISTS):
        tx.append(log, "list.updated", resource_id=list_id, actor_id=actor_id, data=data)
    return Outcome(with_role(data, found.role), item.version)


async def delete_list(tx: Tx, actor_id: UUID, list_id: UUID, match: str | None) -> None:
    """Delete a list for everybody. Wants the list's topic locked; locks its members' and `lists` itself."""
    found = await accessible_list(tx.db, list_id, actor_id, "owner")
    if_match(match, found.version, lambda: with_role(found.data, found.role))
    members = await store.members.account_ids(tx.db, list_id)
    await tx.lock(*map(user_topic, members), LISTS)

    topic = list_topic(list_id)
    version = tx.next_seq(topic)
    data = encode({"id": list_id, "version": version})
    await store.lists.bury(tx.db, list_id, version, tx.now)
    await store.members.remove_all(tx.db, list_id)
    for log in (topic, LISTS):
        tx.append(log, "list.deleted", resource_id=list_id, actor_id=actor_id, data=data, revokes="all")
    for account_id in members:
        tx.append(user_topic(account_id), "list.removed", resource_id=list_id, actor_id=actor_id, data=data)
