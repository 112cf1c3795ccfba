"""Tokens with which services call each other: JWT, HS256 with a key that only they share, good for a
minute."""

import time
from typing import Annotated

from fastapi import Depends, Request
from jose import jwt
from jose.exceptions import JOSEError

from common.errors import Unauthorized

ALGORITHM = "HS256"
LIFE = 60  # seconds


def make(key: str, caller: str, callee: str) -> str:
    """A token for one call."""
    now = int(time.time())
    return str(jwt.encode({"iss": caller, "aud": callee, "iat": now, "exp": now + LIFE}, key, ALGORITHM))


def caller(key: str, token: str, callee: str) -> str:
    """Who calls us. Raises Unauthorized."""
    required = {"require_aud": True, "require_exp": True, "require_iat": True, "require_iss": True}
    try:
        claims = jwt.decode(token, key, algorithms=[ALGORITHM], audience=callee, options=required)
        if claims["exp"] - claims["iat"] <= LIFE:
            return str(claims["iss"])
    except (JOSEError, KeyError, TypeError, ValueError, AttributeError, RecursionError):
        pass
    raise Unauthorized("Internal paths are for services.", code="bad-token")


async def _calling_service(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized("Internal paths are for services.", code="no-token")
    runtime = request.state.runtime
    return caller(runtime.settings.service_key.get_secret_value(), token, runtime.name)


ServiceCaller = Annotated[str, Depends(_calling_service)]
"""The service that calls an internal path."""
