"""/api/todo/lists and /api/todo/lists/{list_id}."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from common.errors import NotFound
from common.etag import IfMatch, conditional, etag, json_response
from common.identity import Me
from common.ids import new_id
from common.log.reader import After, AskedEpoch, events_response, head
from common.pages import NOT_MODIFIED, digest_tag, join, parse_cursor
from common.runtime import Rt
from common.schemas import Cursor, Limit, TopicPage, cursor_encode
from todo import actions, store
from todo.routes.rendering import made_before, reply
from todo.schemas import Event, List, ListPatch, NewList, with_role
from todo.topics import LISTS, list_topic, user_topic

router = APIRouter(prefix="/api/todo/lists", tags=["lists"])


@router.get(
    "",
    operation_id="list_lists",
    summary="My lists, by id",
    response_model=TopicPage[List],
    responses=NOT_MODIFIED,
)
async def list_lists(request: Request, rt: Rt, me: Me, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """`seq` and `epoch` are those of the caller's own topic, `user:<id>`: it says which lists come and go.

    A list's title and colour change without it, so the ETag is a digest of the page, not a place in that log.
    """
    after = parse_cursor(cursor, 1, UUID)
    topic = user_topic(me.account_id)
    place = None
    while place is None:
        async with rt.database.read() as conn:
            place = await head(conn, topic)
            found = await store.lists.page_of(conn, me.account_id, after, limit + 1)
        if place is None:
            await rt.log.ensure(topic)  # nothing has happened to this person yet
    items = [with_role(item.data, item.role) for item in found[:limit]]
    following = cursor_encode(found[limit - 1].id) if len(found) > limit else None
    body = join(items, next=following, seq=place.seq, epoch=place.epoch)
    return conditional(request, lambda: body, digest_tag(body))


@router.post(
    "",
    operation_id="create_list",
    summary="Make a list",
    status_code=201,
    response_model=List,
    responses=made_before(List),
)
async def create_list(rt: Rt, me: Me, body: NewList) -> Response:
    """The caller becomes its owner. With an id chosen by the client it can be sent again safely."""
    list_id = body.id or new_id()
    topics = [list_topic(list_id), user_topic(me.account_id), LISTS]
    return reply(
        await rt.log.write(topics, lambda tx: actions.lists.create_list(tx, me.account_id, list_id, body))
    )


@router.get(
    "/{list_id}", operation_id="get_list", summary="One list", response_model=List, responses=NOT_MODIFIED
)
async def get_list(request: Request, rt: Rt, me: Me, list_id: UUID) -> Response:
    """The list and the caller's role in it."""
    async with rt.database.read() as conn:
        found = await store.lists.readable(conn, list_id, me.account_id)
    if found is None:
        raise NotFound
    body = with_role(found.data, found.role)
    # Then the version alone does not say whether the role is still the one that was shown with it.
    if found.role_version > found.version:
        return json_response(body, tag=etag(found.version))
    return conditional(request, lambda: body, etag(found.version))


@router.patch("/{list_id}", operation_id="update_list", summary="Change title or colour", response_model=List)
async def update_list(rt: Rt, me: Me, list_id: UUID, body: ListPatch, if_match: IfMatch = None) -> Response:
    """Takes the role editor."""
    topics = [list_topic(list_id), LISTS]
    return reply(
        await rt.log.write(
            topics, lambda tx: actions.lists.update_list(tx, me.account_id, list_id, body, if_match)
        )
    )


@router.delete(
    "/{list_id}",
    operation_id="delete_list",
    summary="Delete a list",
    status_code=204,
    response_class=Response,
)
async def delete_list(rt: Rt, me: Me, list_id: UUID, if_match: IfMatch = None) -> Response:
    """For everybody; takes the role owner."""
    await rt.log.write(
        [list_topic(list_id)], lambda tx: actions.lists.delete_list(tx, me.account_id, list_id, if_match)
    )
    return Response(status_code=204)


@router.get(
    "/{list_id}/events",
    operation_id="list_events",
    summary="What happened in a list",
    response_model=TopicPage[Event],
)
async def list_events(
    rt: Rt, me: Me, list_id: UUID, after: After = 0, limit: Limit = 50, epoch: AskedEpoch = None
) -> Response:
    """The list's log: every change in order, `next` is the `after` of the following page."""
    async with rt.database.read() as conn:
        member = store.members.is_member(list_id, me.account_id)
        return await events_response(
            conn, list_topic(list_id), after=after, limit=limit, epoch=epoch, where=member
        )
