"""What describes the services is complete: OpenAPI documents, settings."""

import re
from importlib import import_module
from typing import Any

import httpx
import pytest

from common.settings import ServiceSettings
from tests.api.apps import app, operations, routes
from tests.support import Stack
from tools.stack.service import NAMES

VERB_NOUN = re.compile(r"(change|create|delete|get|list|put|refresh|remove|search|update)(_[a-z]+)+")


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_says_what_it_does(name: str) -> None:
    """Operation ids become the names of generated clients, so they are the service's vocabulary."""
    declared = dict(operations(name))
    ids = [operation["operationId"] for operation in declared.values()]
    assert [each for each in ids if not VERB_NOUN.fullmatch(each)] == []
    assert sorted({each for each in ids if ids.count(each) > 1}) == []
    assert [route for route, operation in declared.items() if not operation.get("summary")] == []
    assert [route for route, operation in declared.items() if not operation.get("tags")] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_document_has_every_route(name: str) -> None:
    """But what serves the document itself, the operator and the sockets."""
    around = {f"GET /api/{name}/openapi.json", f"GET /api/{name}/docs"}
    around |= {"GET /livez", "GET /readyz", "GET /metrics", f"WEBSOCKET /api/{name}/live"}
    assert routes(name) - around == set(dict(operations(name)))


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_documents_its_refusals(name: str) -> None:
    """As problems, whatever the status."""
    for route, operation in operations(name):
        refusal = operation["responses"]["default"]
        assert list(refusal["content"]) == ["application/problem+json"], route
        assert refusal["content"]["application/problem+json"]["schema"]["$ref"].endswith("/Problem"), route


@pytest.mark.parametrize("name", NAMES)
async def test_the_document_that_is_served_is_the_one_that_is_built(
    name: str, stack: Stack, client: httpx.AsyncClient
) -> None:
    """OpenAPI 3.1, and a page to read it on."""
    answer = await client.get(f"{stack.url(name)}/api/{name}/openapi.json")
    document: dict[str, Any] = answer.json()
    assert document["openapi"].startswith("3.1")
    assert document == app(name).openapi()
    page = await client.get(f"{stack.url(name)}/api/{name}/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert f"/api/{name}/openapi.json" in page.text


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_is_described(name: str) -> None:
    """The description is what an operator gets to read."""
    settings: type[ServiceSettings] = import_module(f"{name}.settings").Settings
    undescribed = [field for field, info in settings.model_fields.items() if not info.description]
    assert undescribed == []
