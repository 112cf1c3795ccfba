"""Whatever a document allows, and much that it does not: no 5xx, and no answer that is not documented.

Schemathesis makes the requests from the OpenAPI documents, the same ones in every run.
"""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from common import servicetoken
from tests.api.apps import app
from tests.api.world import World
from tests.support import Person
from tools.stack.service import NAMES

EXAMPLES = {GenerationMode.POSITIVE: 12, GenerationMode.NEGATIVE: 8}  # requests an operation
TIMEOUT = 30  # seconds for one, on a busy machine
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
REFUSALS = {400, 401, 403, 404, 405, 409, 410, 412, 413, 415, 422}  # while nothing is away

# They may end the session that asks, or others of its account: somebody else asks, signed in each time.
ENDS_SESSIONS = {
    "DELETE /api/auth/me",
    "DELETE /api/auth/sessions",
    "DELETE /api/auth/sessions/current",
    "DELETE /api/auth/sessions/{session_id}",
    "PUT /api/auth/me/password",
}
EDIT_MESSAGE = "PATCH /api/chat/rooms/{room_id}/messages/{message_id}"  # its author's right, the editor's
# They take a secret that nobody makes up; the table of permissions has them succeed.
NEVER_SUCCEEDS = {
    "DELETE /api/auth/me",
    "POST /api/auth/sessions",
    "POST /api/auth/sessions/refresh",
    "PUT /api/auth/me/password",
}
SUCCESS = {200, 201, 204}
TOPICS = {"auth": "users", "todo": "lists"}  # what stands in internal paths


def _operations() -> dict[str, APIOperation[Any, Any, Any, Any]]:
    schemas = [schemathesis.openapi.from_dict(app(name).openapi()) for name in NAMES]
    results = [result for schema in schemas for result in schema.get_all_operations()]
    found = [result.ok() for result in results if isinstance(result, Ok)]
    assert len(found) == len(results), "a document is not valid"
    return {operation.label: operation for operation in found}


OPERATIONS = _operations()
# Where nothing is sent, nothing can be wrong.
RUNS = [
    (label, mode)
    for label, operation in OPERATIONS.items()
    for mode in EXAMPLES
    if mode is GenerationMode.POSITIVE or {"parameters", "requestBody"} & operation.definition.raw.keys()
]


@pytest.mark.slow
@pytest.mark.parametrize(("label", "mode"), RUNS, ids=lambda each: getattr(each, "value", each))
async def test_an_operation_keeps_to_its_document(label: str, mode: GenerationMode, world: World) -> None:
    """With ids of things that exist in most requests, so that they get past the first check."""
    operation, service = OPERATIONS[label], label.split("/")[2]
    asker = world.editor if label == EDIT_MESSAGE else world.owner
    if label in ENDS_SESSIONS:
        asker = await world.newcomer()
    headers = _headers(label, asker, world)
    things = await _things(label, asker, world)
    statuses: set[int] = set()
    with requests.Session() as session:
        session.trust_env = False

        @settings(
            max_examples=EXAMPLES[mode],
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), real=st.sampled_from([True, True, False]))
        def ask(case: Case[Any], real: bool) -> None:
            if real:
                case.path_parameters |= {
                    name: things[name] for name in case.path_parameters if name in things
                }
            answer = case.call(
                world.stack.url(service),
                session=session,
                headers=headers(),
                timeout=TIMEOUT,
                allow_redirects=False,
            )
            statuses.add(answer.status_code)
            case.validate_response(answer, checks=CHECKS)
            if answer.status_code >= 400:
                assert answer.status_code in REFUSALS, case.as_curl_command()
                assert answer.headers["content-type"] == ["application/problem+json"]
            else:
                documented = operation.definition.raw["responses"]
                assert str(answer.status_code) in documented, case.as_curl_command()

        ask()
    assert statuses & SUCCESS or mode is GenerationMode.NEGATIVE or label in NEVER_SUCCEEDS, statuses


def _headers(label: str, asker: Person, world: World) -> Callable[[], dict[str, str]]:
    """What each request is signed with."""
    if "/internal/" in label:
        token = servicetoken.make(world.stack.secrets["service_key"], "chat", label.split("/")[2])
        return lambda: {"Authorization": f"Bearer {token}"}
    if label not in ENDS_SESSIONS:
        return lambda: {"Authorization": f"Bearer {asker.token}"}

    def fresh() -> dict[str, str]:
        credentials = {"email": asker.email, "password": asker.password}
        with httpx.Client(trust_env=False, timeout=TIMEOUT) as client:
            answer = client.post(asker.address("/api/auth/sessions"), json=credentials)
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    return fresh


async def _things(label: str, asker: Person, world: World) -> dict[str, str]:
    """What can stand in a path; what a deletion uses up is made for it."""
    things = {"account_id": world.guest.id, "session_id": asker.session["id"], **world.list, **world.group}
    if label.startswith("DELETE /api/todo/"):
        things |= await world.new_list() | {"account_id": world.editor.id}
    elif label.startswith("DELETE /api/chat/"):
        things |= await world.new_group() | {"account_id": world.editor.id}
    return things | {"topic": TOPICS.get(label.split("/")[2], "")}
