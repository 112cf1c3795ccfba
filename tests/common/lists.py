"""Lists and tasks over HTTP, for tests that need something to happen."""

from typing import Any

from tests.support import Person


async def new_list(person: Person, title: str = "Groceries") -> str:
    """A list of the person's; returns its id."""
    answer = await person.post("/api/todo/lists", json={"title": title})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def add_task(person: Person, list_id: str, title: str = "Milk", **fields: Any) -> dict[str, Any]:
    """A task in a list, as it was answered."""
    answer = await person.post(f"/api/todo/lists/{list_id}/tasks", json={"title": title, **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())
