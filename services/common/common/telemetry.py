"""Logs: structured, one object a line, with request and account id, and never a token, a password or what
people wrote."""

import contextlib
import json
import logging
import re
import sys
from typing import Any

import orjson
import structlog
from structlog.dev import plain_traceback
from structlog.processors import ExceptionRenderer
from structlog.tracebacks import ExceptionDictTransformer

from common import tracing

SECRET = re.compile("password|token|authorization|cookie|secret|body|key", re.IGNORECASE)


def _speaking(service: str) -> Any:
    """Every line says whose it is."""

    def add(_logger: Any, _name: str, event: dict[str, Any]) -> dict[str, Any]:
        event["service"] = service
        return event

    return add


def _redact(_logger: Any, _name: str, event: dict[str, Any]) -> dict[str, Any]:
    """A last guard: whatever is called like a secret is not written."""
    return {name: "[redacted]" if SECRET.search(name) else value for name, value in event.items()}


def _json(event: Any, **options: Any) -> str:
    try:
        return orjson.dumps(event, **options).decode()
    except TypeError:  # a lone surrogate, for example: slower is better than not said
        return json.dumps(event, **options)


def _as_bytes(_logger: Any, _name: str, line: Any) -> bytes:
    return str(line).encode("utf-8", "backslashreplace")


class _Lines(structlog.BytesLogger):
    """A full disk is no reason to fail a request."""

    def msg(self, message: bytes) -> None:
        """Write a line."""
        with contextlib.suppress(OSError):
            super().msg(message)

    log = debug = info = warning = error = critical = exception = msg


# Without the local variables, which structlog would add: they hold tokens, passwords and what people wrote.
_traceback = ExceptionDictTransformer(show_locals=False)


def configure(service: str, level: str, form: str) -> None:
    """Send structlog's and the standard library's logs the same way."""
    # A person at a terminal wants short lines: the time of day is enough, whose line it is stands before it.
    person = form == "console"
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        *([] if person else [_speaking(service)]),
        tracing.add_ids,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if person else "iso", utc=not person),
        _redact,
    ]
    last: list[Any] = (
        [structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, exception_formatter=plain_traceback)]
        if person
        else [ExceptionRenderer(_traceback), structlog.processors.JSONRenderer(_json)]
    )
    # Ours are written as they are: by way of the standard library each costs several times as much.
    structlog.configure(
        processors=[*shared, *last, _as_bytes],
        logger_factory=lambda *_: _Lines(sys.stderr.buffer),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # A line for each request is ours (middleware.py); libraries speak up when something is wrong.
    for name in ("uvicorn.access", "uvicorn.error", "httpx", "httpcore", "asyncio", "websockets"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).setLevel(max(logging.getLevelName(level), logging.WARNING))
