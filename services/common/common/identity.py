"""Who is asking: access tokens are verified here, locally, from auth's public keys (docs/adr/0004)."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import httpx
import orjson
from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from jose import jwk, jws
from jose.backends.base import Key
from jose.exceptions import JOSEError

from common import telemetry
from common.errors import Unauthorized, Unavailable
from common.sessions import Sessions

ALGORITHM = "ES256"
TYPE = "at+jwt"  # RFC 9068
AUDIENCE = "todolist"
CLOCK_SKEW = 5  # seconds by which two machines' clocks may differ
REMEMBERED = 50_000  # verified tokens kept, so that a signature is checked once per token
REFRESH_SECONDS = 2.0  # least time between two fetches of the keys, however many unknown `kid` arrive

FetchKeys = Callable[[], Awaitable[dict[str, Any]]]
"""Gets auth's JSON Web Key Set (RFC 7517)."""


async def fetch_keys(client: httpx.AsyncClient) -> dict[str, Any]:
    """The way of every service but auth itself."""
    answer = await client.get("/api/auth/.well-known/jwks.json")
    if answer.status_code != 200:
        raise Unavailable(f"auth answered {answer.status_code} when asked for its public keys.")
    document: dict[str, Any] = answer.json()
    return document


@dataclass(frozen=True)
class Identity:
    """A signed-in account, as its access token says."""

    account_id: UUID
    session_id: UUID
    name: str
    role: str
    expires_at: datetime


class Keys:
    """auth's public keys, as key objects (parsing one costs as much as a verification)."""

    def __init__(self, fetch: FetchKeys) -> None:
        self._fetch = fetch
        self._keys: dict[str, Key] = {}
        self._fetched = -REFRESH_SECONDS
        self._failed = False  # the last fetch
        self._fetching = asyncio.Lock()

    async def refresh(self) -> None:
        """Fetch the keys; raises ServiceError when auth is away."""
        self._fetched = time.monotonic()
        self._failed = True
        document = await self._fetch()
        self._keys = {item["kid"]: jwk.construct(item, ALGORITHM) for item in document["keys"]}
        self._failed = False

    async def get(self, kid: str) -> Key | None:
        """The key of that name; an unknown one may be new, so the keys are fetched again first.

        Who asks while a fetch is under way waits for it: a good token must not be called bad meanwhile.
        """
        if kid in self._keys:
            return self._keys[kid]
        async with self._fetching:
            if kid not in self._keys:
                if time.monotonic() - self._fetched >= REFRESH_SECONDS:
                    await self.refresh()
                elif self._failed:
                    raise Unavailable("The public keys could not be read. Try again shortly.")
        return self._keys.get(kid)


class Verifier:
    """Turns access tokens into identities."""

    def __init__(self, keys: Keys, sessions: Sessions, issuer: str) -> None:
        self._keys = keys
        self._sessions = sessions
        self._issuer = issuer
        self._remembered: OrderedDict[bytes, Identity] = OrderedDict()

    async def verify(self, token: str) -> Identity:
        """The identity of a token.

        Raises Unauthorized with code bad-token, token-expired or session-ended; Unavailable while the keys
        or the ended sessions have not been read yet.
        """
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        identity = self._remembered.get(digest)
        if identity is None:
            identity = await self._check(token)
            self._remembered[digest] = identity
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        elif identity.expires_at.timestamp() <= time.time():
            self._remembered.pop(digest, None)
            raise Unauthorized("The access token has expired.", code="token-expired")
        await self.check_session(identity.session_id)
        return identity

    async def check_session(self, session_id: UUID) -> None:
        """Refuse a session that has ended."""
        if not self._sessions.loaded:
            raise Unavailable("Starting: the ended sessions have not been read yet.")
        await self._sessions.fresh()
        if self._sessions.has_ended(session_id):
            raise Unauthorized("The session has ended. Sign in again.", code="session-ended")

    async def _check(self, token: str) -> Identity:
        """Signature and claims. python-jose checks little by itself, so every rule stands here (RFC 8725,
        RFC 9068)."""
        try:
            header = jws.get_unverified_header(token)
            kid = header.get("kid")
            if header.get("alg") != ALGORITHM or header.get("typ") != TYPE or not isinstance(kid, str):
                raise Unauthorized(code="bad-token")
            key = await self._keys.get(kid)
            if key is None:
                raise Unauthorized(code="bad-token")
            return self._identity(orjson.loads(jws.verify(token, key, algorithms=[ALGORITHM])))
        except (JOSEError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            raise Unauthorized("The access token is not valid.", code="bad-token") from None

    def _identity(self, claims: dict[str, Any]) -> Identity:
        now = time.time()
        expires, issued = claims["exp"], claims["iat"]
        if not all(isinstance(moment, int) and not isinstance(moment, bool) for moment in (expires, issued)):
            raise ValueError
        if claims["iss"] != self._issuer or claims["aud"] != AUDIENCE or issued > now + CLOCK_SKEW:
            raise ValueError
        if expires <= now:
            raise Unauthorized("The access token has expired.", code="token-expired")
        return Identity(
            account_id=UUID(claims["sub"]),
            session_id=UUID(claims["sid"]),
            name=str(claims["name"]),
            role=str(claims["role"]),
            expires_at=datetime.fromtimestamp(expires, UTC),
        )


class _Bearer(SecurityBase):
    """FastAPI's HTTPBearer would only read the header, and its result go through a second dependency."""

    def __init__(self) -> None:
        self.model = HTTPBearer(description="Access token of a session")
        self.scheme_name = "HTTPBearer"

    async def __call__(self, request: Request) -> Identity:
        """Who sends the request."""
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        token = rest.strip()
        if scheme.lower() != "bearer" or not token:
            raise Unauthorized("Send an access token as `Authorization: Bearer …`.", code="no-token")
        verifier: Verifier = request.scope["state"]["runtime"].verifier
        identity = await verifier.verify(token)
        telemetry.add(account_id=str(identity.account_id))
        return identity


identify = _Bearer()
Me = Annotated[Identity, Depends(identify)]
"""The signed-in account. A route without it is public."""
