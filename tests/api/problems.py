"""What every refusal has to look like, whichever service gives it."""

from typing import Any

import httpx

# What an answer must not tell: how the code is built, or what it asks the database.
TELLTALE = (
    "Traceback",
    'File "',
    "SELECT ",
    "INSERT ",
    "UPDATE ",
    "sqlalchemy",
    "asyncmy",
    "pymysql",
    "pydantic",
)


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem document (RFC 9457) of an answer that has to be refused like this."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["code"] == code, document
    assert document["type"] == "about:blank"
    assert document["status"] == status
    assert isinstance(document["title"], str)
    assert document["title"]
    assert document["request_id"] == answer.headers["x-request-id"]
    assert set(document) <= {"type", "title", "status", "code", "detail", "request_id", "errors", "current"}
    assert ("errors" in document) == (status == 422), document
    for error in document.get("errors", []):
        assert set(error) == {"pointer", "code", "detail"}, error
    told = [word for word in TELLTALE if word in answer.text]
    assert not told, f"{told} in {answer.text}"
    if status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
    if status in (429, 503):
        assert int(answer.headers["retry-after"]) >= 1
    return document
