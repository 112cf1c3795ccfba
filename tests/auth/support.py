"""What the tests of auth share: a look into its database, plain clients, tokens of our own making."""

import base64
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import httpx
import pymysql
from jose import jwt

from tests.support import Stack, eventually
from tests.support.person import PASSWORD, new_email

ME = "/api/auth/me"
SESSIONS = "/api/auth/sessions"
CURRENT = f"{SESSIONS}/current"
REFRESH = f"{SESSIONS}/refresh"


class AuthDatabase:
    """Auth's database, with the rights of auth's own account."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        # Times are set with FROM_UNIXTIME, and all times are UTC.
        self._connection = pymysql.connect(
            host=address.hostname,
            port=address.port or 3306,
            user=unquote(address.username or ""),
            password=unquote(address.password or ""),
            database=address.path.strip("/"),
            init_command="SET time_zone = '+00:00'",
            autocommit=True,
            ssl_disabled=True,  # on this machine; setting TLS up costs more than all the statements
        )

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def run(self, sql: str, *values: Any) -> Sequence[Sequence[Any]]:
        """Run a statement and return its rows; ids are given as UUIDs."""
        plain = [value.bytes if isinstance(value, UUID) else value for value in values]
        with self._connection.cursor() as cursor:
            cursor.execute(sql, plain)
            return list(cursor.fetchall())

    def value(self, sql: str, *values: Any) -> Any:
        """The only value of the only row."""
        ((value,),) = self.run(sql, *values)
        return value

    def move(self, session_id: str, **columns: float | None) -> None:
        """Set times of a session to so many seconds ago (None: not yet)."""
        for column, seconds in columns.items():
            moment = None if seconds is None else time.time() - seconds
            self.run(
                f"UPDATE sessions SET {column} = IF(%s IS NULL, NULL, FROM_UNIXTIME(%s)) WHERE id = %s",
                moment,
                moment,
                UUID(session_id),
            )

    def audited(self, account_id: str) -> list[str]:
        """What was recorded about an account, in order."""
        rows = self.run("SELECT kind FROM audit WHERE account_id = %s ORDER BY id", UUID(account_id))
        return [kind for (kind,) in rows]


class Device:
    """A client that keeps no cookies by itself and holds its refresh token."""

    def __init__(self, stack: Stack, client: httpx.AsyncClient, email: str) -> None:
        self.url = stack.url("auth")
        self.client = client
        self.email = email
        self.refresh_token = ""
        self.access_token = ""
        self.session_id = ""

    async def sign_in(self, password: str = PASSWORD, **headers: str) -> httpx.Response:
        """A new session with the refresh token in the body."""
        body = {"email": self.email, "password": password, "transport": "body"}
        answer = await self.client.post(self.url + SESSIONS, json=body, headers=headers)
        if answer.status_code == 201:
            self._take(answer)
        return answer

    async def refresh(self, token: str | None = None) -> httpx.Response:
        """Present a token, by default the newest."""
        body = {"refresh_token": token or self.refresh_token}
        answer = await self.client.post(self.url + REFRESH, json=body)
        if answer.status_code == 200 and token is None:
            self._take(answer)
        return answer

    def _take(self, answer: httpx.Response) -> None:
        document = answer.json()
        self.refresh_token = document["refresh_token"]
        self.access_token = document["access_token"]
        self.session_id = document["session"]["id"]

    async def me(self) -> httpx.Response:
        """Whether the access token is taken."""
        headers = {"Authorization": f"Bearer {self.access_token}"}
        return await self.client.get(self.url + "/api/auth/me", headers=headers)


async def ended(ask: Callable[[], Awaitable[httpx.Response]]) -> None:
    """Wait until what `ask` asks is refused because the session has ended; a second is promised."""

    async def refused() -> bool:
        answer = await ask()
        return (answer.status_code, answer.json().get("code")) == (401, "session-ended")

    await eventually(refused, timeout=3)


def counter_of(token: str) -> int:
    """The counter inside a refresh token."""
    return int.from_bytes(base64.urlsafe_b64decode(token + "=")[16:24])


def service_headers(stack: Stack, caller: str = "todo") -> dict[str, str]:
    """What one service shows another."""
    now = int(time.time())
    claims = {"iss": caller, "aud": "auth", "iat": now, "exp": now + 60}
    return {"Authorization": "Bearer " + jwt.encode(claims, stack.secrets["service_key"], "HS256")}


__all__ = [
    "CURRENT",
    "ME",
    "PASSWORD",
    "REFRESH",
    "SESSIONS",
    "AuthDatabase",
    "Device",
    "counter_of",
    "ended",
    "new_email",
    "service_headers",
]
