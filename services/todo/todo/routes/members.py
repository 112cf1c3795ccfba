"""/api/todo/lists/{list_id}/members and /api/todo/lists/{list_id}/members/{account_id}."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from common.accounts import require_account
from common.errors import NotFound
from common.etag import IfMatch, collection_etag, conditional
from common.identity import Me
from common.pages import NOT_MODIFIED, join, parse_cursor
from common.runtime import Rt
from common.schemas import Cursor, Limit, TopicPage, cursor_encode, encode
from todo import actions, store
from todo.actions.access import require_role
from todo.local import Local
from todo.models import ACCOUNTS
from todo.routes.rendering import reply
from todo.schemas import Member, NewMember
from todo.topics import LISTS, list_topic, user_topic

router = APIRouter(prefix="/api/todo/lists/{list_id}/members", tags=["members"])


@router.get(
    "",
    operation_id="list_members",
    summary="Who shares a list",
    response_model=TopicPage[Member],
    responses=NOT_MODIFIED,
)
async def list_members(
    request: Request, rt: Rt, me: Me, list_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """By account id. The topic is that of the list."""
    after = parse_cursor(cursor, 1, UUID)
    local: Local = rt.local
    head = await local.heads.get((list_id, me.account_id))
    if head is None:
        raise NotFound
    async with rt.database.read() as conn:
        found = await store.members.page(conn, list_id, me.account_id, after, limit + 1)
    following = cursor_encode(found[limit - 1].account_id) if len(found) > limit else None
    body = join(map(encode, found[:limit]), next=following, seq=head.seq, epoch=head.epoch)
    return conditional(request, lambda: body, collection_etag(head.epoch, head.seq, request))


@router.put(
    "/{account_id}",
    operation_id="put_member",
    summary="Share a list, or change a role",
    response_model=Member,
    responses={201: {"model": Member, "description": "The account has become a member"}},
)
async def put_member(
    rt: Rt, me: Me, list_id: UUID, account_id: UUID, body: NewMember, if_match: IfMatch = None
) -> Response:
    """Takes the role owner."""
    async with rt.database.read() as conn:  # before auth is asked about an account on behalf of just anyone
        await require_role(conn, list_id, me.account_id, "owner")
    await require_account(rt, ACCOUNTS, account_id)
    topics = [list_topic(list_id), user_topic(account_id), LISTS]
    return reply(
        await rt.log.write(
            topics,
            lambda tx: actions.members.put_member(
                tx, me.account_id, list_id, account_id, body.role, if_match
            ),
        )
    )


@router.delete(
    "/{account_id}",
    operation_id="remove_member",
    summary="Stop sharing a list with an account, or leave it",
    status_code=204,
    response_class=Response,
)
async def remove_member(
    rt: Rt, me: Me, list_id: UUID, account_id: UUID, if_match: IfMatch = None
) -> Response:
    """Owners remove anyone, everybody may remove themselves; the last owner stays."""
    await rt.log.write(
        [list_topic(list_id)],
        lambda tx: actions.members.remove_member(tx, me.account_id, list_id, account_id, if_match),
    )
    return Response(status_code=204)
