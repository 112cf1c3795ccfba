"""Who may do what: the one check that every action begins with."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from common.errors import Forbidden, NotFound
from todo import store
from todo.schemas import Role
from todo.store.lists import Readable

_RANK: dict[Role, int] = {"viewer": 0, "editor": 1, "owner": 2}


def check_role(role: Role | None, least: Role) -> None:
    """Raises NotFound for no member, who learns nothing of the list; Forbidden for too small a role."""
    if role is None:
        raise NotFound
    if _RANK[role] < _RANK[least]:
        raise Forbidden(f"That takes the role {least}; yours is {role}.")


async def require_role(conn: AsyncConnection, list_id: UUID, account_id: UUID, least: Role) -> None:
    """Refuse an account whose role in the list is less than `least`."""
    check_role(await store.members.role(conn, list_id, account_id), least)


async def accessible_list(conn: AsyncConnection, list_id: UUID, account_id: UUID, least: Role) -> Readable:
    """The list, for an account whose role in it is `least` or more."""
    found = await store.lists.readable(conn, list_id, account_id)
    if found is None:
        raise NotFound
    check_role(found.role, least)
    return found
