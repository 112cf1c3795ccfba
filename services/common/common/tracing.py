"""Traces, when OTEL_EXPORTER_OTLP_ENDPOINT says where to send them; without it, nothing of OpenTelemetry is
even imported, and what stands here does nothing.

A place in a trace travels as its `traceparent` (W3C Trace Context): in headers, in publications, on what
waits for a transaction. Only requests begin a trace; everything else goes on in one, so that polling leaves
none.
"""

import contextlib
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import structlog
from starlette.types import Scope

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from common.otel import Otel

Kind = Literal["internal", "client", "producer", "consumer"]
Span = contextlib.AbstractContextManager[None]

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")

logger = structlog.get_logger()

_otel: "Otel | None" = None
_nothing: Span = contextlib.nullcontext()


def wanted(environment: Mapping[str, str]) -> bool:
    """Whether somebody has said where traces go."""
    off = environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    return not off and any(environment.get(name, "").strip() for name in ENDPOINTS)


def start(service: str, version: str) -> None:
    """Begin to trace, if that is wanted. Nothing here waits for whoever receives the traces."""
    global _otel
    if _otel is None and wanted(os.environ):
        from common.otel import Otel  # time and memory that nobody else pays

        try:
            _otel = Otel(service, version)
        except Exception as error:  # OpenTelemetry's own settings, which it checks when it begins
            logger.warning("no traces: OpenTelemetry's settings are not valid", reason=str(error))


async def stop() -> None:
    """Send what is left if that is quick, and stop."""
    global _otel
    if _otel is not None:
        otel, _otel = _otel, None
        await otel.close()


def watch(engine: "AsyncEngine") -> None:
    """Make a span of every statement on this engine that belongs to a trace."""
    if _otel is not None:
        _otel.watch(engine)


def serve(scope: Scope) -> Span:
    """The span of a request; its route is known at its end."""
    return _nothing if _otel is None else _otel.serve(scope)


def answered(method: str, route: str, status: int) -> None:
    """What the request under way turned out to be."""
    if _otel is not None:
        _otel.answered(method, route, status)


def span(
    name: str,
    kind: Kind = "internal",
    *,
    parent: str | None = None,
    links: Iterable[str | None] = (),
    **about: Any,
) -> Span:
    """A step of the trace that `parent` names ("": none), or of the one under way, if there is one.

    Attributes are given with `__` for the dots of their names.
    """
    if _otel is None:
        return _nothing
    attributes = {key.replace("__", "."): value for key, value in about.items()}
    return _otel.span(name, kind, parent, [link for link in links if link], attributes)


def here() -> str | None:
    """The place in the trace under way."""
    return None if _otel is None else _otel.here()


def joined(other: str | None) -> None:
    """What the step under way waited for was done in another trace: point there."""
    if _otel is not None and other is not None:
        _otel.joined(other)


def add_ids(line: dict[str, Any]) -> None:
    """Have a line of the log name the trace that it belongs to."""
    if _otel is not None and (place := _otel.here()) is not None:
        _, line["trace_id"], line["span_id"], _ = place.split("-")
