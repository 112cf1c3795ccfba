"""The few routes that are asked for most, answered without FastAPI's machinery (docs/adr/0010).

The endpoint is the same function; its arguments are read from the request directly. Whatever is out of the
ordinary, a query with more than a limit, a body that does not fit, goes the usual way, so that there is one
answer to everything.
"""

import re
import typing
from collections.abc import Callable, Iterable
from inspect import Parameter, signature
from typing import Any
from uuid import UUID

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.identity import Me, identify
from common.runtime import Rt
from common.schemas import MAX_LIMIT, Cursor, Limit

LIMITS = {str(number).encode() for number in range(1, MAX_LIMIT + 1)}
CANONICAL_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class Direct:
    """One such route, made from the one that FastAPI knows."""

    def __init__(self, route: APIRoute) -> None:
        self.method = min(route.methods or ())
        self.path = re.compile(re.sub(r"\{(\w+)\}", rf"(?P<\1>{CANONICAL_UUID})", route.path))
        self._route = route
        self._endpoint: Callable[..., Any] = route.endpoint
        hints = typing.get_type_hints(route.endpoint, include_extras=True)
        if hints["return"] is not Response:
            raise TypeError(f"{route.path}: only what answers a Response can be called directly")
        self._request = self._runtime = self._me = self._body = ""
        self._model: type[BaseModel] | None = None
        self._limited = False
        for name, parameter in signature(route.endpoint).parameters.items():
            self._place(name, parameter, hints[name])

    def _place(self, name: str, parameter: Parameter, hint: Any) -> None:
        """Where the argument of this name comes from."""
        if hint is Request:
            self._request = name
        elif hint == Rt:
            self._runtime = name
        elif hint == Me:
            self._me = name
        elif isinstance(hint, type) and issubclass(hint, BaseModel):
            self._body, self._model = name, hint
        elif hint == Limit:
            self._limited = True
        elif not (
            (hint is UUID and f"{{{name}}}" in self._route.path)
            or (hint == Cursor and parameter.default is None)  # a query that names one goes the usual way
        ):
            raise TypeError(f"{self._route.path}: no way to call it directly with {name}")

    def reads(self, query: bytes) -> dict[str, Any] | None:
        """The arguments in a query; None when it takes FastAPI to tell."""
        if not query:
            return {}
        name, _, number = query.partition(b"=")
        return {"limit": int(number)} if self._limited and name == b"limit" and number in LIMITS else None

    async def answer(
        self,
        app: ASGIApp,
        found: re.Match[str],
        asked: dict[str, Any],
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Answer a request whose path and method are this route's."""
        scope["route"] = self._route  # for log and metrics
        request = Request(scope, receive)
        arguments = asked | {name: UUID(text) for name, text in found.groupdict().items()}
        try:
            # In FastAPI's order: what is no JSON at all, who is asking, what does not fit.
            body = await request.body() if self._model is not None else b""
            given = orjson.loads(body) if self._model is not None else None
            if self._me:
                arguments[self._me] = await identify(request)
            if self._model is not None:
                arguments[self._body] = self._model.model_validate(given)
        except ClientDisconnect:
            return
        except (orjson.JSONDecodeError, ValidationError):
            await app(scope, _again(body, receive), send)  # FastAPI says what is wrong with it
            return
        if self._request:
            arguments[self._request] = request
        if self._runtime:
            arguments[self._runtime] = scope["state"]["runtime"]
        response: Response = await self._endpoint(**arguments)
        await response(scope, receive, send)


def _again(body: bytes, receive: Receive) -> Receive:
    """The body once more, for who reads it now."""
    given = False

    async def once_more() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once_more


class DirectRoutes:
    """A layer in front of FastAPI's router."""

    def __init__(self, app: ASGIApp, routes: Iterable[Direct]) -> None:
        self._app = app
        self._routes = list(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request directly, or hand it on."""
        if scope["type"] == "http":
            for route in self._routes:
                found = route.path.fullmatch(scope["path"]) if scope["method"] == route.method else None
                if found is not None and (asked := route.reads(scope["query_string"])) is not None:
                    await route.answer(self._app, found, asked, scope, receive, send)
                    return
        await self._app(scope, receive, send)
