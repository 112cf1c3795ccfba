"""Every code that the services can answer with is provoked, and every refusal looks as RFC 9457 wants it."""

import json
import pkgutil
from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from common.app import create_app
from common.errors import FRAMEWORK, Conflict, HeadTooLarge, ServiceError, TooManyRequests, TooSlow
from common.service import Service
from common.settings import ServiceSettings
from tests.api.problems import problem
from tests.api.refusals import IN_STEPS, REFUSALS, Refusal, Steps, send
from tests.api.world import World
from tools.gen import DOCUMENTS, SETTINGS
from tools.stack.service import NAMES

RENDERED: dict[str, tuple[int, Exception]] = {
    # Said by no route of the services: by the operator's commands, by what a later limit will raise, by bugs,
    # and by what stands before all routes (tests/common/test_arrival.py provokes it).
    "conflict": (409, Conflict("The account is disabled.")),
    "too-many-requests": (429, TooManyRequests(retry_after=7)),
    "head-too-large": (431, HeadTooLarge()),
    "too-slow": (408, TooSlow()),
    "internal-error": (500, RuntimeError("SELECT password FROM accounts")),
}


def _service(refusal: Refusal) -> str:
    return refusal.request.split("/")[2]


PROVOKED = {(_service(each), each.status, each.code) for each in REFUSALS}
PROVOKED |= {(service, status, code) for status, code, service, _ in IN_STEPS}


def _subclasses(parent: type[ServiceError]) -> set[type[ServiceError]]:
    found = {each for each in parent.__subclasses__() if each.__name__ != "FrameworkError"}
    return found.union(*(_subclasses(each) for each in found))


def _import_everything() -> None:
    for package in ("common", *NAMES):
        for module in pkgutil.walk_packages(import_module(package).__path__, f"{package}."):
            if not module.name.endswith("__main__"):
                import_module(module.name)


def test_every_error_of_the_code_is_provoked() -> None:
    """A service's own errors by that service; those of `common` by any."""
    _import_everything()
    anywhere = {(status, code) for _, status, code in PROVOKED}
    anywhere |= {(status, code) for code, (status, _) in RENDERED.items()}
    for error in _subclasses(ServiceError):
        service = error.__module__.partition(".")[0]
        if service == "common":
            assert (error.status, error.code) in anywhere, error
        elif service in NAMES:
            assert (service, error.status, error.code) in PROVOKED, error
    for status, known in FRAMEWORK.items():
        assert (status, known.code) in anywhere, known


def test_every_code_that_clients_are_told_of_is_provoked() -> None:
    """The front end has its list of codes from the sources (tools/gen.py)."""
    told: dict[str, list[str]] = json.loads((DOCUMENTS / "codes.json").read_text())
    assert {code for _, _, code in PROVOKED} | set(RENDERED) == set(told["problems"])
    assert set(told["fields"]) <= {each.field for each in REFUSALS}


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda each: f"{each.code} {each.field} {each.request}")
async def test_a_refusal(refusal: Refusal, world: World) -> None:
    """One request each."""
    answer = await send(refusal, world)
    document = problem(answer, refusal.status, refusal.code)
    if refusal.status == 422:
        assert (refusal.field, refusal.pointer) in [
            (error["code"], error["pointer"]) for error in document["errors"]
        ], document
    if refusal.status == 412:
        await _check_current(answer, document, refusal, world)


async def _check_current(
    answer: httpx.Response, document: dict[str, Any], refusal: Refusal, world: World
) -> None:
    """The resource as it is comes with the refusal, so that the client can merge without asking again."""
    again = await send(
        refusal._replace(request=f"GET {refusal.request.split()[1]}", body=None, headers={}), world
    )
    assert document["current"] == again.json()
    assert answer.headers["etag"] == again.headers["etag"]


@pytest.mark.parametrize(("status", "code", "service", "steps"), IN_STEPS, ids=[step[1] for step in IN_STEPS])
async def test_a_refusal_in_steps(status: int, code: str, service: str, steps: Steps, world: World) -> None:
    """Those that something has to happen before."""
    answer = await steps(world)
    assert answer.request.url.path.startswith(f"/api/{service}/")
    problem(answer, status, code)


@pytest.fixture
async def failing() -> AsyncIterator[httpx.AsyncClient]:
    """An application of ours whose routes raise."""
    router = APIRouter(prefix="/api/failing")

    @router.get("/{code}")
    async def fail(code: str) -> None:
        raise RENDERED[code][1]

    with pytest.MonkeyPatch.context() as patch:
        for setting, value in SETTINGS.items():
            patch.setenv(setting, value)
        settings = ServiceSettings()
    app: FastAPI = create_app(Service("failing", settings, routers=[router]))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://failing") as client:
        yield client


@pytest.mark.parametrize("code", RENDERED)
async def test_what_no_route_raises_is_rendered_alike(code: str, failing: httpx.AsyncClient) -> None:
    """A bug above all: it tells nothing of itself."""
    document = problem(await failing.get(f"/api/failing/{code}"), RENDERED[code][0], code)
    assert "password" not in str(document)
