"""Access tokens: what they say, and every way to forge one, against all three services."""

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jose import jwk, jwt
from jose.backends.cryptography_backend import CryptographyECKey
from jose.utils import base64url_encode
from pydantic import SecretStr

from auth.keys import Safe
from auth.settings import Settings
from auth.tokens import AUDIENCE, LIFE, new_key, public_jwk
from common.errors import Unavailable
from common.identity import Keys
from tests.auth.support import AuthDatabase, service_headers
from tests.support import Person, PersonFactory, Stack

PATHS = {"auth": "/api/auth/me", "todo": "/api/todo/lists", "chat": "/api/chat/rooms"}

Claims = dict[str, Any]
Headers = dict[str, Any]
Forge = Callable[[Claims, Headers, CryptographyECKey], str]


@pytest.fixture
def signing(stack: Stack, database: AuthDatabase) -> tuple[str, CryptographyECKey]:
    """The service's own key: what only the database and the operator's key together can give."""
    ((kid, sealed),) = database.run("SELECT kid, sealed FROM signing_keys ORDER BY active_from DESC LIMIT 1")
    settings = Settings.model_construct(key_encryption_key=SecretStr(stack.secrets["key_encryption_key"]))
    return kid, Safe(settings.sealing_key()).open(kid, sealed)


def good(person: Person) -> Claims:
    """The claims of a good token of that person's session."""
    now = int(time.time())
    return {
        "iss": "todolist",
        "sub": person.id,
        "aud": AUDIENCE,
        "sid": person.session["id"],
        "name": person.name,
        "role": "user",
        "iat": now,
        "exp": now + LIFE,
        "jti": str(uuid.uuid4()),
    }


def plain(claims: Claims, headers: Headers, key: CryptographyECKey) -> str:
    """Signed as auth signs."""
    return jwt.encode(claims, key, "ES256", headers=headers)


def changed(**changes: Any) -> Forge:
    """With some claims changed, or absent (None)."""

    def forge(claims: Claims, headers: Headers, key: CryptographyECKey) -> str:
        merged = {name: value for name, value in (claims | changes).items() if value is not None}
        return plain(merged, headers, key)

    return forge


def header(**changes: Any) -> Forge:
    """With some header fields changed, or absent (None)."""

    def forge(claims: Claims, headers: Headers, key: CryptographyECKey) -> str:
        return plain(claims, headers | changes, key)

    return forge


def unsigned(claims: Claims, headers: Headers, key: CryptographyECKey) -> str:  # noqa: ARG001 - a Forge
    """`alg: none`."""
    parts = (json.dumps({"alg": "none"} | headers).encode(), json.dumps(claims).encode())
    return ".".join(base64url_encode(part).decode() for part in parts) + "."


def by_hmac(claims: Claims, headers: Headers, key: CryptographyECKey) -> str:
    """HS256 with the public key, which everybody knows, as the secret."""
    public = key.prepared_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return jwt.encode(claims, public.hex(), "HS256", headers=headers)


def by_another(claims: Claims, headers: Headers, key: CryptographyECKey) -> str:  # noqa: ARG001 - a Forge
    """Signed with a key of one's own, under the service's kid."""
    return plain(claims, headers, CryptographyECKey(new_key(), "ES256"))


def with_own_key(claims: Claims, headers: Headers, key: CryptographyECKey) -> str:  # noqa: ARG001 - a Forge
    """Signed with a key of one's own that the header brings along."""
    own = new_key()
    mine = public_jwk(own)
    return plain(claims, headers | {"kid": mine["kid"], "jwk": mine}, CryptographyECKey(own, "ES256"))


def cut(claims: Claims, headers: Headers, key: CryptographyECKey) -> str:
    """Without its signature."""
    return plain(claims, headers, key).rpartition(".")[0] + "."


def swapped(claims: Claims, headers: Headers, key: CryptographyECKey) -> str:
    """The claims of one token under the signature of another."""
    head, _, signature = plain(claims, headers, key).split(".")
    _, body, _ = plain(claims | {"role": "admin"}, headers, key).split(".")
    return f"{head}.{body}.{signature}"


BAD = {
    "alg none": unsigned,
    "HS256 with the public key": by_hmac,
    "another key": by_another,
    "a key in the header": with_own_key,
    "no signature": cut,
    "another token's signature": swapped,
    "unknown kid": header(kid="x" * 43),
    "kid no text": header(kid=1),
    "typ of any JWT": header(typ="JWT"),
    "typ of a service's": header(typ=None),
    "another issuer": changed(iss="somebody"),
    "no issuer": changed(iss=None),
    "another audience": changed(aud="mail"),
    "several audiences": changed(aud=["mail", AUDIENCE]),
    "no audience": changed(aud=None),
    "no end": changed(exp=None),
    "an end that is no number": changed(exp="9999999999"),
    "no beginning": changed(iat=None),
    "a beginning in the future": changed(iat=int(time.time()) + 3600),
    "no session": changed(sid=None),
    "a session that is no id": changed(sid="x"),
    "no subject": changed(sub=None),
    "a subject that is no id": changed(sub="admin"),
    "no name": changed(name=None),
    "no role": changed(role=None),
}


@pytest.mark.parametrize("service", PATHS)
@pytest.mark.parametrize("forge", BAD.values(), ids=BAD.keys())
async def test_a_forged_token_is_refused(
    person: PersonFactory, signing: tuple[str, CryptographyECKey], service: str, forge: Forge
) -> None:
    """One rule broken each time; the same token without the flaw is taken."""
    ann = await person("Ann")
    kid, key = signing
    headers = {"kid": kid, "typ": "at+jwt"}
    ann.token = forge(good(ann), headers, key)
    answer = await ann.get(PATHS[service])
    assert (answer.status_code, answer.json()["code"]) == (401, "bad-token")
    ann.token = plain(good(ann), headers, key)
    assert (await ann.get(PATHS[service])).status_code == 200


@pytest.mark.parametrize("service", PATHS)
async def test_an_expired_token_is_told_apart(
    person: PersonFactory, signing: tuple[str, CryptographyECKey], service: str
) -> None:
    """So that the client refreshes instead of signing out."""
    ann = await person("Ann")
    kid, key = signing
    past = int(time.time()) - 1
    ann.token = plain(good(ann) | {"iat": past - LIFE, "exp": past}, {"kid": kid, "typ": "at+jwt"}, key)
    answer = await ann.get(PATHS[service])
    assert (answer.status_code, answer.json()["code"]) == (401, "token-expired")


@pytest.mark.parametrize("value", ["", "Bearer", "Basic eDp5", "Bearer a.b.c", "Bearer \u00e9", "x"])
async def test_nonsense_is_refused(stack: Stack, client: httpx.AsyncClient, value: str) -> None:
    """Whatever stands in the header."""
    for service, path in PATHS.items():
        answer = await client.get(stack.url(service) + path, headers={b"Authorization": value.encode()})
        assert answer.status_code == 401
        assert answer.json()["code"] in ("no-token", "bad-token")


async def test_what_a_token_says(person: PersonFactory) -> None:
    """The claims of the design, no more."""
    ann = await person("Ann \u9673")
    document = (await ann.client.get(ann.address("/api/auth/.well-known/jwks.json"))).json()
    head = jwt.get_unverified_header(ann.token)
    (public,) = [item for item in document["keys"] if item["kid"] == head["kid"]]
    assert (head["alg"], head["typ"]) == ("ES256", "at+jwt")
    claims = jwt.decode(ann.token, jwk.construct(public, "ES256"), algorithms=["ES256"], audience=AUDIENCE)
    assert claims == good(ann) | {name: claims[name] for name in ("iat", "exp", "jti")}
    assert claims["exp"] - claims["iat"] == LIFE
    ann_again = (await ann.sign_in()).json()["access_token"]
    assert jwt.get_unverified_claims(ann_again)["jti"] != claims["jti"]


async def test_a_service_token_opens_no_persons_door(stack: Stack, person: PersonFactory) -> None:
    """Nor the other way round."""
    ann = await person("Ann")
    for path in PATHS.values():
        assert (await ann.get(path, headers=service_headers(stack))).json()["code"] == "bad-token"
    assert (await ann.get("/api/auth/internal/log/users")).status_code == 401


async def test_a_new_key_is_waited_for() -> None:
    """While it is being fetched nobody's good token is called bad, and everybody shares the fetch."""
    document = public_jwk(new_key())
    fetches, go = 0, asyncio.Event()

    async def fetch() -> dict[str, Any]:
        nonlocal fetches
        fetches += 1
        await go.wait()
        return {"keys": [document]}

    keys = Keys(fetch)
    asking = [asyncio.create_task(keys.get(document["kid"])) for _ in range(20)]
    await asyncio.sleep(0)
    go.set()
    assert None not in await asyncio.gather(*asking)
    assert await keys.get("unknown") is None
    assert fetches == 1


async def test_keys_that_cannot_be_fetched_make_no_token_bad() -> None:
    """503, so that the client tries again instead of signing out."""

    async def fetch() -> dict[str, Any]:
        raise Unavailable

    keys = Keys(fetch)
    for _ in range(3):
        with pytest.raises(Unavailable):
            await keys.get("any")
