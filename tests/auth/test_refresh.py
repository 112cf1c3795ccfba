"""Refreshing over HTTP: rotation, grace, reuse, limits, and many at once."""

import asyncio
from uuid import UUID

import httpx
import pytest

from auth.refresh import RefreshTokens
from tests.auth.conftest import DeviceFactory
from tests.auth.support import REFRESH, AuthDatabase, counter_of, ended
from tests.support import Stack

MINUTE = 61.0
DAY = 86_400.0
USED_AT = "SELECT used_at FROM sessions WHERE id = %s"


async def test_a_young_token_is_returned_unrotated(device: DeviceFactory) -> None:
    """And an access token that works."""
    phone = await device()
    first = phone.refresh_token
    assert (await phone.refresh()).status_code == 200
    assert phone.refresh_token == first
    assert (await phone.me()).status_code == 200


async def test_an_older_one_gives_the_next(device: DeviceFactory, database: AuthDatabase) -> None:
    """The counter moves by one; the token is nowhere in the database."""
    phone = await device()
    first = phone.refresh_token
    database.move(phone.session_id, rotated_at=MINUTE)
    assert (await phone.refresh()).status_code == 200
    assert counter_of(phone.refresh_token) == counter_of(first) + 1
    row = str(database.run("SELECT * FROM sessions WHERE id = %s", UUID(phone.session_id)))
    assert first not in row
    assert phone.refresh_token not in row


async def test_a_lost_answer_can_be_asked_for_again(device: DeviceFactory, database: AuthDatabase) -> None:
    """For as long as the token that was lost has not been used: a laptop may sleep for days."""
    phone = await device()
    first = phone.refresh_token
    database.move(phone.session_id, rotated_at=MINUTE)
    lost = (await phone.refresh(first)).json()["refresh_token"]
    database.move(phone.session_id, rotated_at=20 * DAY, last_used_at=20 * DAY)
    again = await phone.refresh(first)
    assert again.status_code == 200
    assert again.json()["refresh_token"] == lost
    assert database.value(USED_AT, UUID(phone.session_id)) is None


async def test_the_predecessor_lives_a_minute_after_its_successor_was_used(
    device: DeviceFactory, database: AuthDatabase
) -> None:
    """Fifty tabs share one cookie, and some are late."""
    phone = await device()
    first = phone.refresh_token
    database.move(phone.session_id, rotated_at=MINUTE)
    await phone.refresh()
    assert database.value(USED_AT, UUID(phone.session_id)) is None
    assert (await phone.refresh()).json()["refresh_token"] == phone.refresh_token
    assert database.value(USED_AT, UUID(phone.session_id)) is not None
    late = await phone.refresh(first)
    assert late.json()["refresh_token"] == phone.refresh_token


async def test_a_reused_token_ends_the_session(device: DeviceFactory, database: AuthDatabase) -> None:
    """For both who hold one; it is recorded, and the next sign-in is not affected."""
    phone = await device()
    first = phone.refresh_token
    database.move(phone.session_id, rotated_at=MINUTE)
    await phone.refresh()
    await phone.refresh()
    database.move(phone.session_id, used_at=MINUTE)
    reused = await phone.refresh(first)
    assert (reused.status_code, reused.json()["code"]) == (401, "session-ended")
    assert (await phone.refresh()).json()["code"] == "session-ended"
    await ended(phone.me)
    kinds = database.run("SELECT kind FROM audit WHERE session_id = %s ORDER BY id", UUID(phone.session_id))
    assert [kind for (kind,) in kinds] == ["sign-in", "refresh.reused"]
    assert (await phone.sign_in()).status_code == 201


async def test_two_behind_is_reuse_at_once(device: DeviceFactory, database: AuthDatabase) -> None:
    """However young its successors are."""
    phone = await device()
    first = phone.refresh_token
    for _ in range(2):
        database.move(phone.session_id, rotated_at=MINUTE)
        await phone.refresh()
    assert (await phone.refresh(first)).status_code == 401
    assert (await phone.refresh()).status_code == 401


async def test_fifty_at_once_get_the_same_next_token(
    stack: Stack, device: DeviceFactory, database: AuthDatabase
) -> None:
    """From two replicas; none is refused, and the token works."""
    phone = await device()
    urls = [stack.url("auth"), stack.replica("auth").url]
    for _ in range(4):
        database.move(phone.session_id, rotated_at=MINUTE)
        body = {"refresh_token": phone.refresh_token}
        answers = await asyncio.gather(
            *(phone.client.post(urls[i % 2] + REFRESH, json=body) for i in range(50))
        )
        assert {answer.status_code for answer in answers} == {200}
        (token,) = {answer.json()["refresh_token"] for answer in answers}
        assert counter_of(token) == counter_of(phone.refresh_token) + 1
        assert (await phone.refresh(token)).json()["refresh_token"] == token
        phone.refresh_token = token


async def test_what_we_did_not_make_is_refused(
    stack: Stack, client: httpx.AsyncClient, device: DeviceFactory
) -> None:
    """And ends nothing: a stranger cannot sign others out by guessing."""
    phone = await device()
    session_id = UUID(phone.session_id)
    forged = RefreshTokens("another key, also of thirty-two characters").make(session_id, 1)
    unknown = RefreshTokens(stack.secrets["refresh_key"]).make(UUID(int=0), 1)
    for token in (forged, unknown, "nonsense", "", phone.refresh_token[:-1], phone.refresh_token + "A"):
        answer = await client.post(phone.url + "/api/auth/sessions/refresh", json={"refresh_token": token})
        assert (answer.status_code, answer.json()["code"]) == (401, "session-ended"), token
    assert (await phone.refresh()).status_code == 200


async def test_a_number_ahead_ends_the_session(
    stack: Stack, device: DeviceFactory, database: AuthDatabase
) -> None:
    """It can only come from before the database was set back; the tokens that follow are known already."""
    phone = await device()
    ahead = RefreshTokens(stack.secrets["refresh_key"]).make(UUID(phone.session_id), 9)
    assert (await phone.refresh(ahead)).status_code == 401
    assert (await phone.refresh()).status_code == 401
    assert "refresh.reused" in str(
        database.run("SELECT kind FROM audit WHERE session_id = %s", UUID(phone.session_id))
    )


@pytest.mark.parametrize(
    ("moved", "status"),
    [
        ({"last_used_at": 30 * DAY + 60}, 401),
        ({"last_used_at": 30 * DAY - 60}, 200),
        ({"created_at": 90 * DAY + 60}, 401),
        ({"created_at": 90 * DAY - 60}, 200),
    ],
)
async def test_limits(
    device: DeviceFactory, database: AuthDatabase, moved: dict[str, float], status: int
) -> None:
    """Thirty days unused, ninety in all; no access token outlives the session."""
    phone = await device()
    database.move(phone.session_id, **moved)
    answer = await phone.refresh()
    assert answer.status_code == status
    if status == 200 and "created_at" in moved:
        assert answer.json()["expires_in"] <= 60


async def test_refreshing_counts_as_use(device: DeviceFactory, database: AuthDatabase) -> None:
    """So that who comes back every day stays."""
    phone = await device()
    database.move(phone.session_id, last_used_at=29 * DAY, rotated_at=29 * DAY)
    assert (await phone.refresh()).status_code == 200
    database.move(phone.session_id, created_at=40 * DAY)
    answer = await phone.refresh()
    assert answer.status_code == 200
    session = answer.json()["session"]
    assert session["created_at"] < session["last_used_at"]


async def test_refresh_and_sign_out_at_once(device: DeviceFactory, database: AuthDatabase) -> None:
    """Whatever the order, afterwards the session is over."""
    phone = await device()
    for _ in range(5):
        assert (await phone.sign_in()).status_code == 201
        database.move(phone.session_id, rotated_at=MINUTE)
        bearer = {"Authorization": f"Bearer {phone.access_token}"}
        path = f"{phone.url}/api/auth/sessions/current"
        asked = [phone.refresh(phone.refresh_token) for _ in range(10)]
        *refreshed, signed_out = await asyncio.gather(*asked, phone.client.delete(path, headers=bearer))
        assert signed_out.status_code == 204
        assert {answer.status_code for answer in refreshed} <= {200, 401}
        for answer in refreshed:
            if answer.status_code == 200:
                assert (await phone.refresh(answer.json()["refresh_token"])).status_code == 401
