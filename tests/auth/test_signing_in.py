"""Signing in: a wrong password tells nothing, failures are recorded, secrets are not."""

import statistics
import time
from uuid import UUID

import httpx

from tests.auth.support import ME, PASSWORD, REFRESH, SESSIONS, AuthDatabase, new_email
from tests.support import PersonFactory, Stack


async def test_a_wrong_password_and_an_unknown_address_look_the_same(
    stack: Stack, client: httpx.AsyncClient, person: PersonFactory
) -> None:
    """The answers differ in nothing but the request's id."""
    ann = await person("Ann")
    answers = []
    for email in (ann.email, new_email("nobody")):
        body = {"email": email, "password": "not the password"}
        answer = await client.post(stack.url("auth") + SESSIONS, json=body)
        answers.append((answer.status_code, {**answer.json(), "request_id": ""}, set(answer.headers)))
    assert answers[0] == answers[1]
    assert answers[0][0] == 401
    assert answers[0][1]["code"] == "bad-credentials"


async def test_an_unknown_address_costs_as_much(
    stack: Stack, client: httpx.AsyncClient, person: PersonFactory
) -> None:
    """With hashing at its real price, the medians are within a third of each other."""
    replica = stack.replica("auth", TODOLIST_ARGON2_MEMORY_KIB="19456", TODOLIST_ARGON2_TIME_COST="4")
    ann = await person("Ann")

    async def timed(email: str, password: str) -> float:
        begun = time.perf_counter()
        await client.post(replica.url + SESSIONS, json={"email": email, "password": password})
        return time.perf_counter() - begun

    await timed(ann.email, PASSWORD)  # hashed anew with this replica's parameters
    pairs = [(await timed(ann.email, "wrong"), await timed(new_email("nobody"), "wrong")) for _ in range(9)]
    known, unknown = (statistics.median(column) for column in zip(*pairs, strict=True))
    assert abs(known - unknown) < max(known, unknown) / 3


async def test_signing_in_hashes_anew_when_the_parameters_changed(
    stack: Stack, client: httpx.AsyncClient, person: PersonFactory, database: AuthDatabase
) -> None:
    """The session that is signed in stays; so do the others."""
    ann = await person("Ann")
    read = "SELECT password_hash FROM accounts WHERE id = %s"
    before = database.value(read, UUID(ann.id))
    replica = stack.replica("auth", TODOLIST_ARGON2_MEMORY_KIB="2048")
    body = {"email": ann.email, "password": PASSWORD}
    assert (await client.post(replica.url + SESSIONS, json=body)).status_code == 201
    after = database.value(read, UUID(ann.id))
    assert "m=1024" in before
    assert "m=2048" in after
    assert (await ann.get(ME)).status_code == 200
    assert (await client.post(stack.url("auth") + SESSIONS, json=body)).status_code == 201


async def test_failures_are_recorded(
    stack: Stack, client: httpx.AsyncClient, person: PersonFactory, database: AuthDatabase
) -> None:
    """With the account when there is one; never with the address or the password that was typed."""
    ann, unknown = await person("Ann"), new_email("nobody")
    count = "SELECT COUNT(*) FROM audit WHERE kind = 'sign-in.failed' AND account_id IS NULL"
    before = database.value(count)
    for email in (ann.email, unknown):
        await client.post(stack.url("auth") + SESSIONS, json={"email": email, "password": "a guess"})
    assert database.audited(ann.id)[-1] == "sign-in.failed"
    assert database.value(count) == before + 1
    assert unknown not in str(database.run("SELECT * FROM audit ORDER BY id DESC LIMIT 5"))


async def test_nothing_secret_is_logged(stack: Stack, person: PersonFactory) -> None:
    """Neither the password nor any token of a whole visit."""
    ann = await person("Ann")
    cookie = ann.client.cookies["refresh"]
    await ann.get("/api/auth/me")
    await ann.client.post(ann.address(REFRESH))
    log = stack.service("auth").log
    assert ann.id in log
    for secret in (PASSWORD, ann.token, cookie, ann.email):
        assert secret not in log
