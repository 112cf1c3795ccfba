"""Registering, one's own account, public profiles."""

import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.auth.support import ME, PASSWORD, SESSIONS, AuthDatabase, ended, new_email, service_headers
from tests.support import PersonFactory, Stack

ACCOUNTS = "/api/auth/accounts"


def account(**fields: Any) -> dict[str, Any]:
    """A good body, with some fields changed."""
    return {"email": new_email("Ann"), "password": PASSWORD, "name": "Ann"} | fields


async def register(stack: Stack, client: httpx.AsyncClient, **fields: Any) -> httpx.Response:
    """Register somebody."""
    return await client.post(stack.url("auth") + ACCOUNTS, json=account(**fields))


class TestRegister:
    """POST /accounts."""

    async def test_gives_the_account_and_signs_nobody_in(
        self, stack: Stack, client: httpx.AsyncClient
    ) -> None:
        """No token, no cookie, and nothing of the password."""
        email = new_email("Ann")
        answer = await register(stack, client, email=email.upper(), name="  Ann \u9673 ")
        assert answer.status_code == 201
        body = answer.json()
        assert UUID(body["id"]).version == 7
        assert body["email"] == email
        assert body["name"] == "Ann \u9673"
        assert body["role"] == "user"
        assert set(body) == {"id", "email", "name", "color", "role", "created_at", "version"}
        assert answer.headers["etag"] == f'"{body["version"]}"'
        assert "set-cookie" not in answer.headers

    async def test_an_address_is_taken_however_it_is_written(
        self, stack: Stack, client: httpx.AsyncClient
    ) -> None:
        """Case does not make another mailbox."""
        email = new_email("Ann")
        assert (await register(stack, client, email=email)).status_code == 201
        again = await register(stack, client, email=email.replace("ann", "ANN"))
        assert (again.status_code, again.json()["code"]) == (409, "email-taken")

    @pytest.mark.parametrize(
        ("fields", "pointer", "code"),
        [
            ({"email": "nobody"}, "/email", "bad-email"),
            ({"email": "a@b@c.com"}, "/email", "bad-email"),
            ({"email": "a@" + "b" * 250 + ".com"}, "/email", None),
            ({"email": None}, "/email", None),
            ({"password": "1234567"}, "/password", "too-short"),
            ({"password": "x" * 1025}, "/password", None),
            ({"password": "null\0character"}, "/password", None),
            ({"password": 12345678}, "/password", None),
            ({"name": ""}, "/name", None),
            ({"name": "   "}, "/name", None),
            ({"name": "x" * 101}, "/name", None),
            ({"name": "a\0b"}, "/name", None),
            ({"role": "admin"}, "/role", "unknown-field"),
            ({"id": "0199b1f0-0000-7000-8000-000000000001"}, "/id", "unknown-field"),
        ],
    )
    async def test_refuses_what_is_not_valid(
        self, stack: Stack, client: httpx.AsyncClient, fields: dict[str, Any], pointer: str, code: str | None
    ) -> None:
        """Each with a pointer to the field, none with its value."""
        answer = await register(stack, client, **fields)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        (error,) = answer.json()["errors"]
        assert error["pointer"] == pointer
        assert code is None or error["code"] == code

    async def test_refuses_lone_surrogates(self, stack: Stack, client: httpx.AsyncClient) -> None:
        """JSON can spell them; the database cannot hold them."""
        headers = {"Content-Type": "application/json"}
        for field in ("name", "password", "email"):
            body = json.dumps(account(**{field: "12345678\ud800"}))
            answer = await client.post(stack.url("auth") + ACCOUNTS, content=body, headers=headers)
            assert answer.status_code in (400, 422), field

    async def test_takes_any_password_of_eight_characters(
        self, stack: Stack, client: httpx.AsyncClient
    ) -> None:
        """No composition rules; spaces, emoji, Chinese; up to 1024."""
        for password in (
            "aaaaaaaa",
            "\u6b63\u78ba\u7684\u99ac\u96fb\u6c60\u8a02\u66f8",
            " " * 8,
            "x" * 1024,
            "\U0001f40e" * 8,
        ):
            email = new_email("Ann")
            assert (await register(stack, client, email=email, password=password)).status_code == 201
            answer = await client.post(
                stack.url("auth") + SESSIONS, json={"email": email, "password": password}
            )
            assert answer.status_code == 201

    async def test_stores_an_argon2id_hash(
        self, stack: Stack, client: httpx.AsyncClient, database: AuthDatabase
    ) -> None:
        """And nowhere the password."""
        made = (await register(stack, client)).json()
        row = str(database.run("SELECT * FROM accounts WHERE id = %s", UUID(made["id"])))
        assert "$argon2id$" in row
        assert PASSWORD not in row


class TestMe:
    """GET, PATCH and DELETE /me."""

    async def test_needs_a_token(self, stack: Stack, client: httpx.AsyncClient) -> None:
        """401 no-token, with the challenge."""
        answer = await client.get(stack.url("auth") + ME)
        assert (answer.status_code, answer.json()["code"]) == (401, "no-token")
        assert answer.headers["www-authenticate"] == "Bearer"

    async def test_is_conditional(self, person: PersonFactory) -> None:
        """304 for who holds it."""
        ann = await person("Ann")
        first = await ann.get(ME)
        assert first.status_code == 200
        assert first.json()["id"] == ann.id
        again = await ann.get(ME, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")

    async def test_changes_the_fields_given(self, person: PersonFactory) -> None:
        """The version moves; the next token carries the new name."""
        ann = await person("Ann")
        before = (await ann.get(ME)).json()
        changed = await ann.patch(ME, json={"name": "Anna"})
        assert changed.status_code == 200
        assert changed.json() == before | {"name": "Anna", "version": changed.json()["version"]}
        assert changed.json()["version"] > before["version"]
        assert (await ann.patch(ME, json={"color": "#123abc"})).json()["color"] == "#123abc"

    async def test_no_change_is_no_change(self, person: PersonFactory) -> None:
        """It takes no number."""
        ann = await person("Ann")
        before = (await ann.get(ME)).json()
        assert (await ann.patch(ME, json={"name": before["name"]})).json() == before
        assert (await ann.patch(ME, json={})).json() == before

    async def test_if_match(self, person: PersonFactory) -> None:
        """412 with the account as it is."""
        ann = await person("Ann")
        tag = (await ann.get(ME)).headers["etag"]
        assert (await ann.patch(ME, json={"name": "One"}, headers={"If-Match": tag})).status_code == 200
        late = await ann.patch(ME, json={"name": "Two"}, headers={"If-Match": tag})
        assert (late.status_code, late.json()["code"]) == (412, "version-conflict")
        assert late.json()["current"]["name"] == "One"

    @pytest.mark.parametrize(
        "change",
        [{"color": "red"}, {"name": ""}, {"name": None}, {"email": "x@example.com"}, {"role": "admin"}],
    )
    async def test_refuses_what_is_not_to_be_changed(
        self, person: PersonFactory, change: dict[str, Any]
    ) -> None:
        """Least of all the role."""
        assert (await (await person("Ann")).patch(ME, json=change)).status_code == 422

    async def test_leaving_needs_the_password(self, person: PersonFactory) -> None:
        """A stolen access token is not enough."""
        ann = await person("Ann")
        refused = await ann.delete(ME, json={"password": "something else"})
        assert (refused.status_code, refused.json()["code"]) == (403, "wrong-password")
        assert (await ann.get(ME)).status_code == 200

    async def test_leaving_forgets_the_person(
        self, stack: Stack, client: httpx.AsyncClient, person: PersonFactory, database: AuthDatabase
    ) -> None:
        """The row goes, earlier events are emptied, the address is free again; the sessions have ended."""
        ann, ben = await person("Annabella"), await person("Ben")
        await ann.patch(ME, json={"name": "Annabella II"})
        assert (await ann.delete(ME, json={"password": PASSWORD})).status_code == 204
        await ended(lambda: ann.get(ME))
        assert (await ben.get(f"{ACCOUNTS}?ids={ann.id}")).json()["items"] == []
        events = database.run(
            "SELECT kind, data FROM events WHERE resource_id = %s ORDER BY seq", UUID(ann.id)
        )
        assert [kind for kind, _ in events] == [b"account.created", b"account.updated", b"account.deleted"]
        assert [data for _, data in events[:2]] == [b"", b""]
        assert set(json.loads(events[2][1])) == {"id", "version"}
        assert (await register(stack, client, email=ann.email)).status_code == 201


class TestProfiles:
    """GET /accounts."""

    async def test_by_ids(self, person: PersonFactory) -> None:
        """Only what everybody may know; who is not there is left out."""
        ann, ben = await person("Ann"), await person("Ben")
        stranger = "0199b1f0-0000-7000-8000-000000000001"
        answer = await ann.get(ACCOUNTS, params={"ids": [ann.id, ben.id, stranger]})
        assert answer.status_code == 200
        items = answer.json()["items"]
        assert {(item["id"], item["name"]) for item in items} == {(ann.id, "Ann"), (ben.id, "Ben")}
        assert all(set(item) == {"id", "name", "color"} for item in items)

    async def test_by_address(self, person: PersonFactory) -> None:
        """The whole address, however it is written; no searching."""
        ann, ben = await person("Ann"), await person("Ben")
        found = (await ann.get(ACCOUNTS, params={"email": ben.email.upper()})).json()["items"]
        assert [item["id"] for item in found] == [ben.id]
        assert (await ann.get(ACCOUNTS, params={"email": new_email("x")})).json()["items"] == []

    @pytest.mark.parametrize(
        "query",
        ["", "ids=nonsense", "email=nonsense", "ids=0199b1f0-0000-7000-8000-000000000001&email=a@b.com"],
    )
    async def test_refuses_other_questions(self, person: PersonFactory, query: str) -> None:
        """One of both, and valid."""
        assert (await (await person("Ann")).get(f"{ACCOUNTS}?{query}")).status_code == 422

    async def test_at_most_a_hundred(self, person: PersonFactory) -> None:
        """More are refused."""
        ann = await person("Ann")
        assert (await ann.get(ACCOUNTS, params={"ids": [ann.id] * 101})).status_code == 422

    async def test_only_who_is_signed_in_may_ask(self, stack: Stack, client: httpx.AsyncClient) -> None:
        """Strangers cannot test addresses here."""
        answer = await client.get(stack.url("auth") + ACCOUNTS, params={"email": "ann@example.com"})
        assert (answer.status_code, answer.json()["code"]) == (401, "no-token")


async def test_followers_learn_of_accounts(
    stack: Stack, client: httpx.AsyncClient, person: PersonFactory
) -> None:
    """The topic `users` and its snapshot, to services only."""
    ann, gone = await person("Ann"), await person("Gone")
    await ann.patch(ME, json={"name": "Anna"})
    await gone.delete(ME, json={"password": PASSWORD})

    internal = stack.url("auth") + "/api/auth/internal"
    assert (await client.get(f"{internal}/snapshot/users")).status_code == 401
    assert (await ann.get("/api/auth/internal/snapshot/users")).status_code == 401

    items: dict[str, Any] = {}
    cursor: dict[str, str] = {}
    while True:
        answer = await client.get(f"{internal}/snapshot/users", params=cursor, headers=service_headers(stack))
        page = answer.json()
        items |= {item["id"]: item for item in page["items"]}
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert items[ann.id]["name"] == "Anna"
    assert set(items[ann.id]) == {"id", "name", "color", "version"}
    assert gone.id not in items
