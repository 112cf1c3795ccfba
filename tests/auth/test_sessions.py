"""One's own sessions, and the password, whose change ends the others."""

import asyncio

from tests.auth.conftest import DeviceFactory
from tests.auth.support import CURRENT, ME, PASSWORD, REFRESH, SESSIONS, AuthDatabase, ended
from tests.support import PersonFactory, Stack

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


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
