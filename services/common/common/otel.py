"""The part of tracing that needs OpenTelemetry; see tracing.py, which alone imports it.

Written by OpenTelemetry's API: its instrumentation for SQLAlchemy wants a version before 2.1, and the few
lines that say what we know (route, topic, whose transaction) are fewer than what the others would need.
Its SDK reads the rest from the environment: OTEL_EXPORTER_OTLP_HEADERS, OTEL_TRACES_SAMPLER, OTEL_BSP_*, …
"""

import asyncio
import contextlib
import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.datastructures import Headers
from starlette.types import Scope

SEND_SECONDS = 3.0  # for one batch, tries included; OTEL_EXPORTER_OTLP_TIMEOUT says otherwise
STOP_SECONDS = 1.0  # for what is left at the end; what is not sent by then is dropped
COMPLAIN_SECONDS = 60.0
TIMEOUTS = ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT")

_propagator = TraceContextTextMapPropagator()


class Otel:
    """A tracer, and the thread that sends its spans in batches. What its queue cannot take is lost."""

    def __init__(self, service: str, version: str) -> None:
        _complain_less()
        name = os.environ.get("OTEL_SERVICE_NAME") or service
        about = {"service.name": name, "service.namespace": "todolist", "service.version": version}
        timeout = None if any(os.environ.get(setting) for setting in TIMEOUTS) else SEND_SECONDS
        self._provider = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=timeout)))
        self._tracer = self._provider.get_tracer("todolist", version)

    async def close(self) -> None:
        """Stop. The sending thread is a daemon: one that hangs holds nobody up."""
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        deadline = time.monotonic() + STOP_SECONDS
        while closing.is_alive() and time.monotonic() < deadline:
            await asyncio.sleep(0.01)

    def watch(self, engine: AsyncEngine) -> None:
        """A span for every statement within a trace."""

        @event.listens_for(engine.sync_engine, "before_cursor_execute")
        def before(_conn: Any, _cursor: Any, statement: str, _values: Any, context: Any, _many: bool) -> None:
            if trace.get_current_span().is_recording():
                verb = statement.split(None, 1)[0].upper()
                # The text has placeholders; what people wrote is in the values, which are not told.
                about = {"db.system.name": "mysql", "db.operation.name": verb, "db.query.text": statement}
                context.todolist_span = self._tracer.start_span(verb, kind=SpanKind.CLIENT, attributes=about)

        @event.listens_for(engine.sync_engine, "after_cursor_execute")
        def after(_conn: Any, _cursor: Any, _statement: str, _values: Any, context: Any, _many: bool) -> None:
            _end(context)

        @event.listens_for(engine.sync_engine, "handle_error")
        def failed(failure: Any) -> None:
            _end(failure.execution_context, failure.original_exception)

    @contextlib.contextmanager
    def serve(self, scope: Scope) -> Iterator[None]:
        """The span of a request, which may go on in the caller's trace."""
        headers = Headers(scope=scope)
        parent = _propagator.extract({name: headers[name] for name in _propagator.fields if name in headers})
        about = {"http.request.method": scope["method"], "url.path": scope["path"]}
        with self._current(scope["method"], parent, SpanKind.SERVER, about, ()):
            yield

    def answered(self, method: str, route: str, status: int) -> None:
        """The end of a request."""
        span = trace.get_current_span()
        span.update_name(f"{method} {route}")
        span.set_attributes({"http.route": route, "http.response.status_code": status})
        if status >= 500:
            span.set_status(Status(StatusCode.ERROR))

    @contextlib.contextmanager
    def span(
        self, name: str, kind: str, parent: str | None, links: Sequence[str], attributes: dict[str, Any]
    ) -> Iterator[None]:
        """A step of a trace; nothing without one."""
        within = None if parent is None else _context(parent)
        if not trace.get_current_span(within).get_span_context().is_valid:
            yield
            return
        pointed = [Link(trace.get_current_span(_context(link)).get_span_context()) for link in links]
        with self._current(name, within, SpanKind[kind.upper()], attributes, pointed):
            yield

    @contextlib.contextmanager
    def _current(
        self,
        name: str,
        parent: Context | None,
        kind: SpanKind,
        attributes: dict[str, Any],
        links: Sequence[Link],
    ) -> Iterator[None]:
        """The step under way. Of an error only its type is told: its text may hold what people wrote."""
        with self._tracer.start_as_current_span(
            name, parent, kind, attributes, links, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            except Exception as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise

    def here(self) -> str | None:
        """The `traceparent` of the step under way."""
        carrier: dict[str, str] = {}
        _propagator.inject(carrier)
        return carrier.get("traceparent")

    def joined(self, other: str) -> None:
        """Point from the step under way to another trace."""
        trace.get_current_span().add_link(trace.get_current_span(_context(other)).get_span_context())


def _context(traceparent: str) -> Context:
    return _propagator.extract({"traceparent": traceparent}, Context())


def _end(context: Any, error: BaseException | None = None) -> None:
    span: Span | None = getattr(context, "todolist_span", None)
    if span is None:
        return
    if error is not None:
        span.set_status(Status(StatusCode.ERROR, type(error).__name__))  # its text may hold values
    span.end()
    context.todolist_span = None


class _Seldom(logging.Filter):
    """One complaint a minute, as a warning: traces that are lost hurt nobody."""

    def __init__(self) -> None:
        super().__init__()
        self._next = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is written."""
        if record.name.partition(".")[0] not in ("opentelemetry", "urllib3"):
            return True
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + COMPLAIN_SECONDS
        record.levelno, record.levelname, record.exc_info = logging.WARNING, "WARNING", None
        return True


def _complain_less() -> None:
    seldom = _Seldom()
    for handler in logging.getLogger().handlers:
        handler.addFilter(seldom)
