"""Access tokens of a test's own making, signed with the stack's real key."""

import base64
import json
import time
from typing import Any
from urllib.parse import unquote, urlsplit

import pymysql
from jose import jwt
from jose.utils import base64url_decode

from auth.keys import Safe
from tests.support.person import Person
from tests.support.stack import Stack


def signing_key(stack: Stack) -> tuple[str, Any]:
    """The kid and the key object of a key that auth publishes."""
    address = urlsplit(stack.database_url("auth"))
    account: dict[str, Any] = {
        "user": unquote(address.username or ""),
        "password": unquote(address.password or ""),
    }
    with (
        pymysql.connect(
            host=address.hostname, port=address.port or 3306, database=address.path.strip("/"), **account
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT kid, sealed FROM signing_keys ORDER BY active_from LIMIT 1")
        ((kid, sealed),) = cursor.fetchall()
    return kid, Safe(base64.b64decode(stack.secrets["key_encryption_key"])).open(kid, sealed)


def claims_of(token: str) -> dict[str, Any]:
    """What a token says."""
    claims: dict[str, Any] = json.loads(base64url_decode(token.split(".")[1].encode()))
    return claims


def token_for(stack: Stack, person: Person, *, seconds: int, **claims: Any) -> str:
    """A token like the person's own that is good for so many seconds more, with other claims where given."""
    kid, key = signing_key(stack)
    changed = claims_of(person.token) | {"exp": int(time.time()) + seconds} | claims
    return str(jwt.encode(changed, key, "ES256", headers={"kid": kid, "typ": "at+jwt"}))
