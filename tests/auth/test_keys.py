"""Signing keys: published, encrypted at rest, rotated by command and by themselves; operator commands."""

import asyncio
import base64
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from jose import jwt
from sqlalchemy.ext.asyncio import create_async_engine

from auth import keys, store
from auth.keys import RETIREMENT, Safe
from common.clock import now
from tests.auth.support import AuthDatabase
from tests.support import Person, PersonFactory, Stack, eventually
from tests.support.person import new_email
from tools.stack import free_port

JWKS = "/api/auth/.well-known/jwks.json"


def command(stack: Stack, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m auth …` as the operator does."""
    return subprocess.run(
        [sys.executable, "-m", "auth", *arguments],
        env=stack.environment("auth") | {"TODOLIST_PORT": str(free_port())} | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def published(stack: Stack, client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """The public keys."""
    answer = await client.get(stack.url("auth") + JWKS)
    assert answer.status_code == 200
    keys: list[dict[str, Any]] = answer.json()["keys"]
    return keys


def kid_of(token: str) -> str:
    """Which key signed it."""
    return str(jwt.get_unverified_header(token)["kid"])


async def test_public_keys_are_public(stack: Stack, client: httpx.AsyncClient) -> None:
    """Cacheable, and without a private part."""
    answer = await client.get(stack.url("auth") + JWKS)
    assert answer.headers["cache-control"] == "public, max-age=60"
    for key in answer.json()["keys"]:
        assert set(key) == {"kty", "crv", "x", "y", "kid", "alg", "use"}
        assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")


def test_private_keys_are_encrypted(database: AuthDatabase) -> None:
    """What is stored is no key in any encoding, and not twice the same."""
    rows = database.run("SELECT sealed, public FROM signing_keys")
    for sealed, public in rows:
        assert b"\x30" != sealed[:1]  # ASN.1
        assert b"PRIVATE" not in sealed
        assert '"d"' not in public


async def test_rotation_keeps_old_tokens_good(
    stack: Stack, client: httpx.AsyncClient, person: PersonFactory, database: AuthDatabase
) -> None:
    """A new key signs within seconds; what the old one signed stays good, in every service."""
    ann, before = await person("Ann"), await published(stack, client)
    old = ann.token
    done = command(stack, "rotate-keys", "--now")
    assert done.returncode == 0, done.stderr
    kid = done.stdout.split()[0]

    async def signs() -> bool:
        await ann.sign_in()
        return kid_of(ann.token) == kid

    await eventually(signs, timeout=10)
    assert {key["kid"] for key in await published(stack, client)} == {key["kid"] for key in before} | {kid}
    for token in (old, ann.token):
        ann.token = token
        for path in ("/api/auth/me", "/api/todo/lists", "/api/chat/rooms"):
            assert (await ann.get(path)).status_code == 200, path

    # Long after, nothing that the old key signed can be good any more.
    seconds = RETIREMENT.total_seconds() + 1
    database.run(
        "UPDATE signing_keys SET active_from = active_from - INTERVAL %s SECOND ORDER BY active_from", seconds
    )

    async def gone() -> bool:
        return [key["kid"] for key in await published(stack, client)] == [kid]

    await eventually(gone, timeout=10)
    assert command(stack, "keep-house").returncode == 0
    assert database.run("SELECT kid FROM signing_keys") == [(kid,)]
    ann.token = old
    assert (await ann.get("/api/auth/me")).status_code == 200  # remembered as good until it expires


async def test_a_new_key_is_published_before_it_signs(
    stack: Stack, client: httpx.AsyncClient, person: PersonFactory, database: AuthDatabase
) -> None:
    """So that who keeps the keys for a minute never meets an unknown one. Due after thirty days by itself."""
    ann = await person("Ann")
    known = {key["kid"] for key in await published(stack, client)}
    assert command(stack, "keep-house").returncode == 0
    assert database.value("SELECT COUNT(*) FROM signing_keys") == len(known)  # not due
    database.run("UPDATE signing_keys SET active_from = active_from - INTERVAL 30 DAY ORDER BY active_from")
    assert command(stack, "keep-house").returncode == 0

    async def new() -> set[str]:
        return {key["kid"] for key in await published(stack, client)} - known

    (kid,) = await eventually(new, timeout=10)
    await ann.sign_in()
    assert kid_of(ann.token) != kid
    database.run("UPDATE signing_keys SET active_from = UTC_TIMESTAMP(6) WHERE kid = %s", kid)

    async def signs() -> bool:
        await ann.sign_in()
        return kid_of(ann.token) == kid

    await eventually(signs, timeout=10)
    assert (await ann.get("/api/todo/lists")).status_code == 200


async def test_two_that_rotate_at_once_make_one_key(stack: Stack, database: AuthDatabase) -> None:
    """Of several replicas that find it due, one does it."""
    before = database.value("SELECT COUNT(*) FROM signing_keys")
    database.run("UPDATE signing_keys SET active_from = active_from - INTERVAL 30 DAY ORDER BY active_from")
    done = await asyncio.gather(*(asyncio.to_thread(command, stack, "keep-house") for _ in range(4)))
    assert [one.returncode for one in done] == [0] * 4
    assert database.value("SELECT COUNT(*) FROM signing_keys WHERE active_from > UTC_TIMESTAMP()") == 1
    assert database.value("SELECT COUNT(*) FROM signing_keys") <= before + 1
    database.run("UPDATE signing_keys SET active_from = UTC_TIMESTAMP(6) WHERE active_from > UTC_TIMESTAMP()")


async def test_of_two_decisions_on_the_same_keys_one_makes_a_key(stack: Stack) -> None:
    """Also when the second comes after the first has added its own."""
    engine = create_async_engine(stack.database_url("auth").replace("mysql://", "mysql+asyncmy://"))
    safe = Safe(base64.b64decode(stack.secrets["key_encryption_key"]))
    async with engine.connect() as db:
        known = await store.keys.all_of_them(db)
        assert await keys.make(db, safe, known, active_from=now()) is not None
        assert await keys.make(db, safe, known, active_from=now()) is None
        await db.rollback()
    await engine.dispose()


async def test_a_restart_changes_nothing(
    stack: Stack, client: httpx.AsyncClient, person: PersonFactory, database: AuthDatabase
) -> None:
    """The keys, the sessions, and that a session has ended."""
    ann, ben = await person("Ann"), await person("Ben")
    await ben.delete("/api/auth/sessions/current")

    async def up_to_date() -> bool:
        kept = {kid for (kid,) in database.run("SELECT kid FROM signing_keys")}
        return {key["kid"] for key in await published(stack, client)} == kept

    await eventually(up_to_date, timeout=20)
    before = await published(stack, client)
    service = stack.service("auth")
    service.kill()
    service.start()
    assert await published(stack, client) == before
    assert (await ann.get("/api/auth/me")).status_code == 200
    assert (await ann.client.post(ann.address("/api/auth/sessions/refresh"))).status_code == 200
    assert (await ben.get("/api/auth/me")).json()["code"] == "session-ended"


async def test_after_a_revocation_no_older_token_is_good(new_stack: Callable[..., Stack]) -> None:
    """What a restore does: all keys go, even those that another encryption key sealed; the sessions stay."""
    stack = new_stack(names=("auth",))
    ann = Person(stack.url, "Ann", new_email("ann"))
    await ann.register()
    stack.service("auth").stop()
    other_key = {"TODOLIST_KEY_ENCRYPTION_KEY": base64.b64encode(os.urandom(32)).decode()}
    done = command(stack, "rotate-keys", "--revoke", **other_key)
    assert done.returncode == 0, done.stderr
    auth = f"http://127.0.0.1:{stack.replica('auth', **other_key).port}"
    old = {"Authorization": f"Bearer {ann.token}"}
    assert (await ann.client.get(f"{auth}/api/auth/me", headers=old)).json()["code"] == "bad-token"
    refreshed = await ann.client.post(f"{auth}/api/auth/sessions/refresh")
    assert refreshed.status_code == 200, refreshed.text
    assert kid_of(refreshed.json()["access_token"]) == done.stdout.split()[0]
    keys = (await ann.client.get(auth + JWKS)).json()["keys"]
    assert [key["kid"] for key in keys] == [done.stdout.split()[0]]
    await ann.client.aclose()


def test_another_encryption_key_is_noticed(stack: Stack) -> None:
    """The process says so and does not become ready, rather than make a key nobody asked for."""
    other = base64.b64encode(os.urandom(32)).decode()
    with pytest.raises(Exception, match="TODOLIST_KEY_ENCRYPTION_KEY does not open"):
        stack.replica("auth", TODOLIST_KEY_ENCRYPTION_KEY=other)


@pytest.mark.parametrize("value", ["", "short", base64.b64encode(b"x" * 16).decode(), "*" * 44])
def test_a_bad_encryption_key_is_refused_at_once(stack: Stack, value: str) -> None:
    """With the name of the setting, without its value."""
    done = command(stack, "serve", TODOLIST_KEY_ENCRYPTION_KEY=value)
    assert done.returncode == 2
    assert "TODOLIST_KEY_ENCRYPTION_KEY" in done.stderr
    assert not value or value not in done.stderr


class TestCommands:
    """What the operator does to accounts."""

    async def test_disabling_shuts_out(
        self, stack: Stack, person: PersonFactory, database: AuthDatabase
    ) -> None:
        """Within a second, everywhere; and enabling lets in again."""
        ann, ben = await person("Ann"), await person("Ben")
        done = command(stack, "disable", ann.email.upper())
        assert (done.returncode, done.stdout) == (0, f"{ann.email} is disabled.\n")
        for path in ("/api/auth/me", "/api/todo/lists", "/api/chat/rooms"):

            async def refused(path: str = path) -> bool:
                return bool((await ann.get(path)).json().get("code") == "session-ended")

            await eventually(refused, timeout=3)
        body = {"email": ann.email, "password": ann.password}
        refused_in = await ann.client.post(ann.address("/api/auth/sessions"), json=body)
        assert (refused_in.status_code, refused_in.json()["code"]) == (403, "account-disabled")
        wrong = await ann.client.post(ann.address("/api/auth/sessions"), json=body | {"password": "wrong"})
        assert wrong.json()["code"] == "bad-credentials"
        found = await ben.get("/api/auth/accounts", params={"email": ann.email})
        assert found.json()["items"] == []

        assert command(stack, "enable", ann.email).returncode == 0
        assert (await ann.sign_in()).status_code == 201
        kinds = database.run("SELECT kind FROM events WHERE resource_id = %s ORDER BY seq", UUID(ann.id))
        assert [kind for (kind,) in kinds] == [b"account.created", b"account.disabled", b"account.updated"]

    async def test_a_role_is_given_and_taken(self, stack: Stack, person: PersonFactory) -> None:
        """Tokens carry it, so whoever has one signs in again."""
        ann = await person("Ann")
        assert command(stack, "set-role", ann.email, "admin").returncode == 0

        async def signed_out() -> bool:
            return (await ann.get("/api/auth/me")).status_code == 401

        await eventually(signed_out, timeout=3)
        await ann.sign_in()
        assert (await ann.get("/api/auth/me")).json()["role"] == "admin"
        assert jwt.get_unverified_claims(ann.token)["role"] == "admin"

    def test_an_unknown_address(self, stack: Stack) -> None:
        """Is said, with a status."""
        done = command(stack, "disable", "nobody.at.all@example.com")
        assert (done.returncode, done.stdout) == (1, "")
        assert "no account" in done.stderr
