"""Exceptions of the application and the framework, rendered as problem documents; the one place where that
happens."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from common import middleware, telemetry
from common.errors import FRAMEWORK, BadRequest, FieldError, Invalid, NotFound, ServiceError


def add_handlers(app: FastAPI) -> None:
    """Register all handlers."""
    app.add_exception_handler(ServiceError, _service_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(Exception, _anything_else)


def _render(error: ServiceError) -> Response:
    status, headers, body = middleware.problem(error, telemetry.request_id())
    response = Response(body, status)
    response.raw_headers = list(headers)
    return response


async def _service_error(request: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette's signature
    assert isinstance(error, ServiceError)  # noqa: S101 - registered for it alone
    return _render(error)


async def _anything_else(request: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette's signature
    return _render(ServiceError())  # the middleware logs what it was


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
    cause = error.__cause__
    if isinstance(cause, ServiceError):  # raised while the framework read the body
        return _render(cause)
    if isinstance(cause, RecursionError):
        return _render(Invalid.field("", "too-deep", "is nested too deeply"))
    known = FRAMEWORK.get(error.status_code, FRAMEWORK[400])
    headers = {"Allow": _allowed(request)} if error.status_code == 405 else dict(error.headers or {})
    answer = ServiceError(code=known.code, headers=headers)
    return _render(_with_status(answer, error.status_code, known.title))


def _allowed(request: Request) -> str:
    """The methods that the path has. The framework names only those of the first route that fits."""
    routes: list[APIRoute] = request.app.state.api_routes
    fitting = (route for route in routes if route.path_regex.match(request.url.path))
    return ", ".join(sorted({method for route in fitting for method in route.methods or ()}))


def _with_status(error: ServiceError, status: int, title: str) -> ServiceError:
    error.__class__ = type("FrameworkError", (ServiceError,), {"status": status, "title": title})
    return error


async def _validation_error(request: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette's signature
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it alone
    errors = error.errors()
    if any(item["type"] == "json_invalid" for item in errors):
        return _render(BadRequest("The body is not JSON."))
    if any(item["loc"][0] == "path" for item in errors):
        return _render(NotFound())  # an id that cannot exist
    fields = [_field(item, error.body) for item in errors[:50]]
    unknown = any(field.code == "unknown-field" for field in fields)
    return _render(Invalid(code="unknown-field" if unknown else None, errors=fields))


def _field(item: Any, body: Any) -> FieldError:
    return FieldError(pointer=_pointer(item["loc"], body), code=_code(item), detail=_printable(item["msg"]))


def _code(item: Any) -> str:
    """What pydantic found, in words that do not depend on how the field was declared."""
    kind: str = item["type"]
    if kind == "extra_forbidden":
        return "unknown-field"
    if kind == "string_unicode":
        return "lone-surrogate"
    if kind in ("too_long", "too_short") and isinstance(item["input"], str):
        kind = f"string_{kind}"  # a length that is checked after the string has been cleaned
    return kind.replace("_", "-")


def _pointer(location: Sequence[int | str], body: Any) -> str:
    """RFC 6901 into the body; for a parameter, its name."""
    place, *path = location
    if place == "body" and len(path) > 1 and isinstance(body, dict) and path[0] not in body:
        path = path[1:]  # not a field, but which of several bodies it was taken for
    escaped = [_printable(str(part)).replace("~", "~0").replace("/", "~1") for part in path]
    return "".join(f"/{part}" for part in escaped) if place == "body" else ".".join(escaped)


def _printable(text: str) -> str:
    """What the caller sent may hold characters that no answer can carry."""
    return text.encode("utf-8", "replace").decode()
