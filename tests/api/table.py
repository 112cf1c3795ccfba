"""Who may call what: every route of the three services, a row each, and what each caller is answered.

A refusal has the cause that its status names, since all callers of a row send the same request: path, query,
body. A thing that a request uses up is made anew for each caller (`of` = "new …").
"""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from tests.api.world import World, fresh_id
from tests.support.person import PASSWORD, new_email

CALLERS = ("nobody", "expired", "stranger", "viewer", "editor", "owner")
SERVICES = ("nobody", "expired", "owner", "service", "other service")

Body = dict[str, Any]
PUBLIC = "public"  # whoever asks, with whatever token


class Row(NamedTuple):
    """One route, what each of CALLERS is answered, the things in its path, and what is sent."""

    route: str
    expected: str
    of: str = ""
    body: Body | Callable[[World], Body | Awaitable[Body]] | None = None
    query: dict[str, str] | None = None
    success: int = 200  # of a public row
    spare: bool = False  # it ends the caller's session: somebody of no further use calls


async def _refresh_token(world: World) -> Body:
    return {"refresh_token": (await world.params("owner's new session", world.owner))["refresh_token"]}


NEW_ACCOUNT = lambda _: {"email": new_email("New"), "password": PASSWORD, "name": "New"}  # noqa: E731 - a cell of the table
SIGN_IN = lambda world: {"email": world.owner.email, "password": PASSWORD}  # noqa: E731 - a cell of the table
DIRECT = lambda world: {"kind": "direct", "account_id": world.guest.id}  # noqa: E731 - a cell of the table
PASSWORDS = {"current_password": PASSWORD, "new_password": PASSWORD}
PROOF = {"password": PASSWORD}
NAME = {"color": "#0f766e"}
GROUP = {"kind": "group", "title": "Lunch"}
ROOM_OF_LIST = {"kind": "list", "title": "Groceries"}
TITLE = lambda _: {"title": f"Groceries {fresh_id()}"}  # noqa: E731 - a cell of the table
SAY = {"body": "Hello"}
EDITOR = {"role": "editor"}
READ = {"number": 1, "force": True}
DONE = {"done": True}
EMAIL = {"email": "nobody@example.com"}

# ruff: noqa: E501 - one row, one line
# fmt: off
OPERATIONS = [  # each service has them; not routed by the front end, except the two documents
    Row("GET /livez", PUBLIC),
    Row("GET /readyz", PUBLIC),
    Row("GET /metrics", PUBLIC),
]
INTERNAL = [  # expected: SERVICES
    Row("GET /api/auth/internal/log/users", "401 401 401 200 401"),
    Row("GET /api/auth/internal/log/sessions", "401 401 401 200 401"),
    Row("GET /api/auth/internal/snapshot/users", "401 401 401 200 401"),
    Row("GET /api/auth/internal/snapshot/sessions", "401 401 401 200 401"),
    Row("GET /api/auth/internal/accounts/{account_id}", "401 401 401 200 401"),
    Row("GET /api/todo/internal/log/lists", "401 401 401 200 401"),
    Row("GET /api/todo/internal/snapshot/lists", "401 401 401 200 401"),
]
#         route                                        nobody expired stranger viewer editor owner
ROWS = [
    Row("GET /api/auth/openapi.json", PUBLIC),
    Row("GET /api/auth/docs", PUBLIC),
    Row("GET /api/auth/.well-known/jwks.json", PUBLIC),
    Row("POST /api/auth/accounts", PUBLIC, body=NEW_ACCOUNT, success=201),
    Row("POST /api/auth/sessions", PUBLIC, body=SIGN_IN, success=201),
    Row("POST /api/auth/sessions/refresh", PUBLIC, body=_refresh_token),
    Row("GET /api/auth/accounts", "401 401 200 200 200 200", query=EMAIL),
    Row("GET /api/auth/sessions", "401 401 200 200 200 200"),
    Row("DELETE /api/auth/sessions", "401 401 204 204 204 204", spare=True),
    Row("DELETE /api/auth/sessions/current", "401 401 204 204 204 204", spare=True),
    Row("DELETE /api/auth/sessions/{session_id}", "401 401 404 404 404 204", "owner's new session"),
    Row("GET /api/auth/me", "401 401 200 200 200 200"),
    Row("PATCH /api/auth/me", "401 401 200 200 200 200", body=NAME),
    Row("PUT /api/auth/me/password", "401 401 204 204 204 204", body=PASSWORDS, spare=True),
    Row("DELETE /api/auth/me", "401 401 204 204 204 204", body=PROOF, spare=True),

    Row("GET /api/todo/openapi.json", PUBLIC),
    Row("GET /api/todo/docs", PUBLIC),
    Row("GET /api/todo/tasks", "401 401 200 200 200 200"),
    Row("GET /api/todo/lists", "401 401 200 200 200 200"),
    Row("POST /api/todo/lists", "401 401 201 201 201 201", body=TITLE),
    Row("GET /api/todo/lists/{list_id}", "401 401 404 200 200 200", "list"),
    Row("PATCH /api/todo/lists/{list_id}", "401 401 404 403 200 200", "list", TITLE),
    Row("DELETE /api/todo/lists/{list_id}", "401 401 404 403 403 204", "new list"),
    Row("GET /api/todo/lists/{list_id}/events", "401 401 404 200 200 200", "list"),
    Row("GET /api/todo/lists/{list_id}/members", "401 401 404 200 200 200", "list"),
    Row("PUT /api/todo/lists/{list_id}/members/{account_id}", "401 401 404 403 403 200", "list guest", EDITOR),
    Row("DELETE /api/todo/lists/{list_id}/members/{account_id}", "401 401 404 403 403 204", "list guest"),
    Row("DELETE /api/todo/lists/{list_id}/members/{account_id}", "401 401 404 204 204 409", "self in new list"),
    Row("GET /api/todo/lists/{list_id}/tasks", "401 401 404 200 200 200", "list"),
    Row("POST /api/todo/lists/{list_id}/tasks", "401 401 404 403 201 201", "list", TITLE),
    Row("GET /api/todo/lists/{list_id}/tasks/{task_id}", "401 401 404 200 200 200", "list"),
    Row("PATCH /api/todo/lists/{list_id}/tasks/{task_id}", "401 401 404 403 200 200", "list", DONE),
    Row("DELETE /api/todo/lists/{list_id}/tasks/{task_id}", "401 401 404 403 204 204", "new task"),

    Row("GET /api/chat/openapi.json", PUBLIC),
    Row("GET /api/chat/docs", PUBLIC),
    Row("GET /api/chat/unread", "401 401 200 200 200 200"),
    Row("GET /api/chat/rooms", "401 401 200 200 200 200"),
    Row("POST /api/chat/rooms", "401 401 201 201 201 201", body=GROUP),
    Row("POST /api/chat/rooms", "401 401 201 201 201 201", body=DIRECT),
    Row("POST /api/chat/rooms", "401 401 403 403 403 403", body=ROOM_OF_LIST),

    # A group has roles of its own. The message is the editor's.
    Row("GET /api/chat/rooms/{room_id}", "401 401 404 200 200 200", "group"),
    Row("PATCH /api/chat/rooms/{room_id}", "401 401 404 403 200 200", "group", TITLE),
    Row("DELETE /api/chat/rooms/{room_id}", "401 401 404 403 403 204", "new group"),
    Row("GET /api/chat/rooms/{room_id}/events", "401 401 404 200 200 200", "group"),
    Row("GET /api/chat/rooms/{room_id}/members", "401 401 404 200 200 200", "group"),
    Row("PUT /api/chat/rooms/{room_id}/members/{account_id}", "401 401 404 403 403 200", "group guest", EDITOR),
    Row("DELETE /api/chat/rooms/{room_id}/members/{account_id}", "401 401 404 403 403 204", "group guest"),
    Row("DELETE /api/chat/rooms/{room_id}/members/{account_id}", "401 401 404 204 204 409", "self in new group"),
    Row("PUT /api/chat/rooms/{room_id}/read", "401 401 404 204 204 204", "group", READ),
    Row("GET /api/chat/rooms/{room_id}/messages", "401 401 404 200 200 200", "group"),
    Row("POST /api/chat/rooms/{room_id}/messages", "401 401 404 201 201 201", "group", SAY),
    Row("GET /api/chat/rooms/{room_id}/messages/{message_id}", "401 401 404 200 200 200", "group"),
    Row("PATCH /api/chat/rooms/{room_id}/messages/{message_id}", "401 401 404 403 200 403", "group", SAY),
    Row("DELETE /api/chat/rooms/{room_id}/messages/{message_id}", "401 401 404 403 204 204", "new message"),
    Row("PUT /api/chat/rooms/{room_id}/messages/{message_id}/reactions/{emoji}", "401 401 404 200 200 200", "group"),
    Row("DELETE /api/chat/rooms/{room_id}/messages/{message_id}/reactions/{emoji}", "401 401 404 204 204 204", "new message"),

    # The room of a list has the list's members, and follows it; all of them talk.
    Row("GET /api/chat/rooms/{room_id}", "401 401 404 200 200 200", "list room"),
    Row("PATCH /api/chat/rooms/{room_id}", "401 401 404 403 403 403", "list room", TITLE),
    Row("DELETE /api/chat/rooms/{room_id}", "401 401 404 403 403 403", "list room"),
    Row("GET /api/chat/rooms/{room_id}/events", "401 401 404 200 200 200", "list room"),
    Row("GET /api/chat/rooms/{room_id}/members", "401 401 404 200 200 200", "list room"),
    Row("PUT /api/chat/rooms/{room_id}/members/{account_id}", "401 401 404 403 403 403", "list room", EDITOR),
    Row("DELETE /api/chat/rooms/{room_id}/members/{account_id}", "401 401 404 403 403 403", "list room"),
    Row("PUT /api/chat/rooms/{room_id}/read", "401 401 404 204 204 204", "list room", READ),
    Row("GET /api/chat/rooms/{room_id}/messages", "401 401 404 200 200 200", "list room"),
    Row("POST /api/chat/rooms/{room_id}/messages", "401 401 404 201 201 201", "list room", SAY),
    Row("GET /api/chat/rooms/{room_id}/messages/{message_id}", "401 401 404 200 200 200", "list room"),
    Row("PATCH /api/chat/rooms/{room_id}/messages/{message_id}", "401 401 404 403 200 403", "list room", SAY),
    Row("DELETE /api/chat/rooms/{room_id}/messages/{message_id}", "401 401 404 403 204 204", "new list room message"),
    Row("PUT /api/chat/rooms/{room_id}/messages/{message_id}/reactions/{emoji}", "401 401 404 200 200 200", "list room"),
    Row("DELETE /api/chat/rooms/{room_id}/messages/{message_id}/reactions/{emoji}", "401 401 404 204 204 204", "new list room message"),

    # The room of two people, the owner and the editor here, stays as it is.
    Row("GET /api/chat/rooms/{room_id}", "401 401 404 404 200 200", "direct room"),
    Row("PATCH /api/chat/rooms/{room_id}", "401 401 404 404 403 403", "direct room", TITLE),
    Row("DELETE /api/chat/rooms/{room_id}", "401 401 404 404 403 403", "direct room"),
    Row("GET /api/chat/rooms/{room_id}/messages", "401 401 404 404 200 200", "direct room"),
    Row("POST /api/chat/rooms/{room_id}/messages", "401 401 404 404 201 201", "direct room", SAY),
    Row("PUT /api/chat/rooms/{room_id}/members/{account_id}", "401 401 404 404 403 403", "direct room", EDITOR),
    Row("DELETE /api/chat/rooms/{room_id}/members/{account_id}", "401 401 404 404 403 403", "direct room"),
]
SOCKETS = [  # how the socket closes, or that it is ready
    Row("WEBSOCKET /api/todo/live", "4500 4004 ready ready ready ready"),
    Row("WEBSOCKET /api/chat/live", "4500 4004 ready ready ready ready"),
]

NO, YES = "not-found", "subscribed"
TOPICS = [  # service, topic, and what stranger, viewer, editor and owner are answered who subscribe
    ("todo", "list:{list_id}", (NO, YES, YES, YES)),
    ("todo", "user:{owner}", (NO, NO, NO, YES)),
    ("todo", "room:{room_id}", (NO, NO, NO, NO)),  # of the other service
    ("todo", "lists", (NO, NO, NO, NO)),  # for services
    ("todo", "users", (NO, NO, NO, NO)),
    ("todo", "sessions", (NO, NO, NO, NO)),
    ("todo", "list:{nothing}", (NO, NO, NO, NO)),
    ("chat", "room:{room_id}", (NO, YES, YES, YES)),
    ("chat", "room:{group}", (NO, YES, YES, YES)),
    ("chat", "room:{direct}", (NO, NO, YES, YES)),
    ("chat", "user:{owner}", (NO, NO, NO, YES)),
    ("chat", "list:{list_id}", (NO, NO, NO, NO)),  # of the other service
    ("chat", "users", (NO, NO, NO, NO)),  # for services
    ("chat", "sessions", (NO, NO, NO, NO)),
    ("chat", "lists", (NO, NO, NO, NO)),
    ("chat", "room:{nothing}", (NO, NO, NO, NO)),
]
# fmt: on
