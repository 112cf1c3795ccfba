"""The three applications as the code declares them, built without database or network, and their routes."""

from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute, Route, WebSocketRoute

from tools.gen import SETTINGS


@cache
def app(name: str) -> FastAPI:
    """The application of a service."""
    with pytest.MonkeyPatch.context() as patch:
        for setting, value in SETTINGS.items():
            patch.setenv(setting, value)
        built: FastAPI = import_module(f"{name}.app").build()
    return built


def operations(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the OpenAPI document of a service declares, as ("GET /path", operation)."""
    for path, methods in app(name).openapi()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def routes(name: str) -> set[str]:
    """Every route of a service as "GET /path", in its OpenAPI document or not."""
    return set(_spelled(app(name).routes))


def _spelled(declared: Iterable[BaseRoute]) -> Iterator[str]:
    for route in declared:
        if isinstance(route, WebSocketRoute):
            yield f"WEBSOCKET {route.path}"
        elif isinstance(route, Route):
            # Starlette answers HEAD wherever it answers GET, with the same code.
            yield from (f"{method} {route.path}" for method in (route.methods or set()) - {"HEAD"})
        elif isinstance(included := getattr(route, "original_router", None), APIRouter):
            yield from _spelled(included.routes)
        else:
            yield f"UNKNOWN {route!r}"  # stands in no table, so somebody will look at it
