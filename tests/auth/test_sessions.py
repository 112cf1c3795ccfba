"""Signing in and out, and one's own sessions."""

import asyncio
import statistics
import time
from http.cookies import SimpleCookie
from uuid import UUID

import httpx
import pytest

from tests.auth.conftest import DeviceFactory
from tests.auth.support import PASSWORD, REFRESH, SESSIONS, AuthDatabase, ended, new_email
from tests.support import PersonFactory, Stack

ME = "/api/auth/me"
CURRENT = f"{SESSIONS}/current"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


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


class TestCookie:
    """The browser's transport."""

    async def test_its_attributes(self, person: PersonFactory) -> None:
        """Out of the reach of scripts and other sites, sent to the sessions' routes only."""
        answer = await (await person("Ann")).sign_in("cookie")
        assert answer.json()["refresh_token"] is None
        cookie = SimpleCookie(answer.headers["set-cookie"])["refresh"]
        assert cookie["httponly"]
        assert cookie["samesite"].lower() == "strict"
        assert cookie["path"] == SESSIONS
        assert int(cookie["max-age"]) == 30 * 86_400
        assert not cookie["domain"]
        assert not cookie["secure"]
        assert answer.headers["cache-control"] == "no-store"

    async def test_behind_tls(self, stack: Stack, client: httpx.AsyncClient, person: PersonFactory) -> None:
        """Secure, with the prefix by which browsers insist on it."""
        ann = await person("Ann")
        replica = stack.replica("auth", TODOLIST_COOKIE_SECURE="true")
        body = {"email": ann.email, "password": PASSWORD}
        answer = await client.post(replica.url + SESSIONS, json=body)
        cookie = SimpleCookie(answer.headers["set-cookie"])["__Secure-refresh"]
        assert cookie["secure"]
        assert cookie["path"] == SESSIONS

    async def test_the_body_carries_none(self, device: DeviceFactory) -> None:
        """Who asks for the token in the body gets no cookie."""
        answer = await (await device()).sign_in()
        assert answer.json()["refresh_token"]
        assert "set-cookie" not in answer.headers

    async def test_refreshes(self, person: PersonFactory) -> None:
        """The cookie alone is enough; the answer sets it again."""
        ann = await person("Ann")
        answer = await ann.client.post(ann.address(REFRESH))
        assert answer.status_code == 200
        assert answer.json()["session"]["id"] == ann.session["id"]
        assert "refresh=" in answer.headers["set-cookie"]

    async def test_nothing_presented(self, stack: Stack, client: httpx.AsyncClient) -> None:
        """401 session-ended."""
        answer = await client.post(stack.url("auth") + REFRESH)
        assert (answer.status_code, answer.json()["code"]) == (401, "session-ended")

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ],
    )
    async def test_no_other_page_can_use_it(self, person: PersonFactory, headers: dict[str, str]) -> None:
        """Neither to refresh, nor to sign out, nor to sign the browser in as somebody else."""
        ann = await person("Ann")
        body = {"email": ann.email, "password": PASSWORD}
        for answer in (
            await ann.client.post(ann.address(REFRESH), headers=headers),
            await ann.client.delete(ann.address(CURRENT), headers=headers),
            await ann.client.post(ann.address(SESSIONS), json=body, headers=headers),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "origin-refused")
            assert "set-cookie" not in answer.headers
        assert (await ann.get(ME)).status_code == 200

    async def test_our_own_page_can(self, stack: Stack, person: PersonFactory) -> None:
        """Its origin is the host that is asked."""
        ann = await person("Ann")
        headers = {"Origin": stack.url("auth"), "Sec-Fetch-Site": "same-origin"}
        assert (await ann.client.post(ann.address(REFRESH), headers=headers)).status_code == 200

    async def test_signs_out_when_the_access_token_no_longer_serves(self, person: PersonFactory) -> None:
        """The cookie ends the session and is cleared."""
        ann = await person("Ann")
        answer = await ann.client.delete(ann.address(CURRENT), headers={"Authorization": "Bearer expired"})
        assert answer.status_code == 204
        assert 'refresh=""' in answer.headers["set-cookie"]
        assert "refresh" not in ann.client.cookies
        await ended(lambda: ann.get(ME))


class TestOwnSessions:
    """The list, and ending them."""

    async def test_shows_where_one_is_signed_in(self, device: DeviceFactory) -> None:
        """Device, address, first and last use, which one this is; nobody else's."""
        phone = await device()
        laptop = await device(phone.email)
        await laptop.sign_in(**{"User-Agent": FIREFOX})
        await device()
        headers = {"Authorization": f"Bearer {laptop.access_token}"}
        items = (await laptop.client.get(laptop.url + SESSIONS, headers=headers)).json()["items"]
        assert items[0]["id"] == laptop.session_id
        assert [item["current"] for item in items] == [True, *[False] * (len(items) - 1)]
        assert len(items) == 4  # the person's own, two of laptop, phone
        assert items[0]["device"] == "Firefox on Linux"
        assert items[0]["address"] == "127.0.0.1"
        assert items[0]["created_at"] <= items[0]["last_used_at"]

    async def test_the_address_is_the_clients(self, stack: Stack, device: DeviceFactory) -> None:
        """As a trusted proxy tells it; anybody else's word is not taken."""
        phone = await device()
        forwarded = {"X-Forwarded-For": "203.0.113.7"}
        assert (await phone.sign_in(**forwarded)).json()["session"]["address"] == "203.0.113.7"
        phone.url = stack.replica("auth", TODOLIST_TRUSTED_PROXIES="10.0.0.1").url
        assert (await phone.sign_in(**forwarded)).json()["session"]["address"] == "127.0.0.1"

    async def test_pages(self, device: DeviceFactory) -> None:
        """Each session once, whatever the page's size."""
        phone = await device()
        for _ in range(3):
            await phone.sign_in()
        headers = {"Authorization": f"Bearer {phone.access_token}"}
        seen: list[str] = []
        query: dict[str, str | int] = {"limit": 2}
        while True:
            page = (await phone.client.get(phone.url + SESSIONS, params=query, headers=headers)).json()
            seen += [item["id"] for item in page["items"]]
            if page["next"] is None:
                break
            query["cursor"] = page["next"]
        assert seen == sorted(set(seen), reverse=True)
        assert len(seen) == 5
        for cursor in ("nonsense", "WyJ4Il0"):
            bad = await phone.client.get(phone.url + SESSIONS, params={"cursor": cursor}, headers=headers)
            assert (bad.status_code, bad.json()["errors"][0]["code"]) == (422, "bad-cursor")

    async def test_one_can_be_ended(self, person: PersonFactory, device: DeviceFactory) -> None:
        """Then it neither answers nor refreshes; ending it again is 404."""
        ann = await person("Ann")
        phone = await device(ann.email)
        assert (await ann.delete(f"{SESSIONS}/{phone.session_id}")).status_code == 204
        await ended(phone.me)
        assert (await phone.refresh()).json()["code"] == "session-ended"
        assert (await ann.delete(f"{SESSIONS}/{phone.session_id}")).status_code == 404
        assert (await ann.get(ME)).status_code == 200

    async def test_nobody_elses_can(self, person: PersonFactory, device: DeviceFactory) -> None:
        """As if it did not exist."""
        phone = await device()
        answer = await (await person("Mallory")).delete(f"{SESSIONS}/{phone.session_id}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
        assert (await phone.me()).status_code == 200

    async def test_all_others_can_be_ended(self, person: PersonFactory, device: DeviceFactory) -> None:
        """This one goes on."""
        ann = await person("Ann")
        others = [await device(ann.email) for _ in range(3)]
        assert (await ann.delete(SESSIONS)).status_code == 204
        for other in others:
            await ended(other.me)
        assert (await ann.get(ME)).status_code == 200
        assert len((await ann.get(SESSIONS)).json()["items"]) == 1

    async def test_the_current_one_can_be_ended(self, person: PersonFactory) -> None:
        """Signing out, with the access token."""
        ann = await person("Ann")
        assert (await ann.delete(CURRENT)).status_code == 204
        await ended(lambda: ann.get(ME))
        ann.client.cookies.clear()
        assert (await ann.delete(CURRENT)).status_code == 401


class TestPassword:
    """PUT /me/password."""

    async def test_ends_all_other_sessions(
        self, person: PersonFactory, device: DeviceFactory, database: AuthDatabase
    ) -> None:
        """The current one lives; only the new password signs in."""
        ann = await person("Ann")
        phone = await device(ann.email)
        change = {"current_password": PASSWORD, "new_password": "another horse"}
        assert (await ann.put("/api/auth/me/password", json=change)).status_code == 204
        await ended(phone.me)
        assert (await phone.refresh()).status_code == 401
        assert (await ann.get(ME)).status_code == 200
        assert (await ann.client.post(ann.address(REFRESH))).status_code == 200
        assert (await phone.sign_in()).json()["code"] == "bad-credentials"
        assert (await phone.sign_in("another horse")).status_code == 201
        assert database.audited(ann.id) == [
            "account.created",
            "sign-in",
            "sign-in",
            "password.changed",
            "session.ended",
            "sign-in.failed",
            "sign-in",
        ]

    async def test_needs_the_old_one(self, person: PersonFactory) -> None:
        """403, not 401: the token is good."""
        change = {"current_password": "a guess at it", "new_password": "another horse"}
        answer = await (await person("Ann")).put("/api/auth/me/password", json=change)
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong-password")

    async def test_needs_a_long_enough_new_one(self, person: PersonFactory) -> None:
        """Said at its field."""
        change = {"current_password": PASSWORD, "new_password": "short"}
        answer = await (await person("Ann")).put("/api/auth/me/password", json=change)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/new_password"

    async def test_a_sign_in_with_the_old_one_cannot_slip_past(
        self, person: PersonFactory, device: DeviceFactory
    ) -> None:
        """Those under way while it is changed end with the others, or are refused."""
        ann = await person("Ann")
        phones = [await device(ann.email) for _ in range(8)]
        change = {"current_password": PASSWORD, "new_password": "another horse"}
        *signed_in, changed = await asyncio.gather(
            *(phone.sign_in() for phone in phones), ann.put("/api/auth/me/password", json=change)
        )
        assert changed.status_code == 204
        assert {answer.status_code for answer in signed_in} <= {201, 401}
        items = (await ann.get(SESSIONS)).json()["items"]
        assert [item["id"] for item in items] == [ann.session["id"]]
