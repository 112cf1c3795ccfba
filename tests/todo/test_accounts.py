"""Accounts: what is known of them here, and what still works when auth is away."""

from collections.abc import Callable

import pytest

from tests.support import PersonFactory, Stack, eventually
from tests.todo.things import LISTS, fresh_id, new_list, new_task, ok, path, refused, share


async def test_an_account_may_be_shared_with_the_moment_it_exists(person: PersonFactory) -> None:
    alice = await person("Alice")
    item = await new_list(alice)
    for number in range(3):
        await share(alice, item["id"], await person(f"Guest {number}"), "viewer")
    assert len(ok(await alice.get(path(item["id"], "members")))["items"]) == 4


@pytest.mark.slow
async def test_auth_away(person: PersonFactory, new_stack: Callable[..., Stack]) -> None:
    stack = new_stack(names=("auth", "todo"))
    alice, bob = await person("Alice", stack=stack), await person("Bob", stack=stack)
    item = await new_list(alice)
    await share(alice, item["id"], bob, "viewer")
    assert (await alice.delete(path(item["id"], "members", bob.id))).status_code == 204
    carol = await person("Carol", stack=stack)
    other = await new_list(alice)

    async def known() -> bool:
        """By now the account is known here, because auth's log was followed."""
        stack.service("auth").pause()
        try:
            answer = await alice.put(path(other["id"], "members", carol.id), json={"role": "viewer"})
        finally:
            stack.service("auth").resume()
        return answer.status_code in (200, 201)

    await eventually(known, timeout=30)
    stack.service("auth").kill()

    target = path(item["id"], "members", fresh_id())
    answer = await alice.put(target, json={"role": "viewer"})
    refused(answer, 503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
    refused(await bob.put(target, json={"role": "viewer"}), 404, "not-found")
    await share(alice, item["id"], carol, "editor")
    task = await new_task(carol, item["id"])
    assert ok(await alice.get(path(item["id"], "tasks")))["items"] == [task]
    ok(await alice.post(LISTS, json={"title": "Without auth"}), 201)
