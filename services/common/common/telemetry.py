"""Logs: structured, one object a line, with request and account id, and never a token, a password or what
people wrote."""

import logging
from typing import Any

import structlog
from structlog.dev import plain_traceback
from structlog.processors import ExceptionRenderer
from structlog.tracebacks import ExceptionDictTransformer

from common import tracing

SECRET = ("password", "token", "authorization", "cookie", "secret", "body", "key")


def _redact(_logger: Any, _name: str, event: dict[str, Any]) -> dict[str, Any]:
    """A last guard: whatever is called like a secret is not written."""
    return {
        name: "[redacted]" if any(word in name.lower() for word in SECRET) else value
        for name, value in event.items()
    }


# Without the local variables, which structlog would add: they hold tokens, passwords and what people wrote.
_traceback = ExceptionDictTransformer(show_locals=False)


def configure(service: str, level: str, form: str) -> None:
    """Send structlog's and the standard library's logs the same way."""
    # A person at a terminal wants short lines: the time of day is enough, whose line it is stands before it.
    person = form == "console"
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        tracing.add_ids,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if person else "iso", utc=not person),
        _redact,
    ]
    last: list[Any] = (
        [structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, exception_formatter=plain_traceback)]
        if person
        else [ExceptionRenderer(_traceback), structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
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
    if not person:
        structlog.contextvars.bind_contextvars(service=service)
