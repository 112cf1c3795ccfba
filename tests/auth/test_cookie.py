"""The refresh token in a cookie: out of the reach of scripts and of other sites."""

from http.cookies import SimpleCookie

import httpx
import pytest

from tests.auth.conftest import DeviceFactory
from tests.auth.support import CURRENT, ME, PASSWORD, REFRESH, SESSIONS, ended
from tests.support import PersonFactory, Stack


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
