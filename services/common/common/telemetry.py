"""Logs: structured, one object a line, with request and account id, and never a token, a password or what
people wrote."""

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from typing import Any, BinaryIO

import orjson
import structlog
from structlog.dev import plain_traceback
from structlog.processors import ExceptionRenderer
from structlog.stdlib import add_log_level
from structlog.tracebacks import ExceptionDictTransformer

from common import tracing

LIBRARIES = (
    "asyncio",
    "common.pool",  # SQLAlchemy names the pools' log after our class
    "httpcore",
    "httpx",
    "sqlalchemy",
    "uvicorn.access",
    "uvicorn.error",
    "websockets",
)
SECRET = re.compile("password|token|authorization|cookie|secret|body|key", re.IGNORECASE)

_request: ContextVar[dict[str, Any] | None] = ContextVar("request", default=None)


def begin_request(request_id: str) -> None:
    """From here on every line of this request names it."""
    _request.set({"request_id": request_id})


def add(**about: Any) -> None:
    """Say this, too, on every further line of the request under way."""
    if (request := _request.get()) is not None:
        request.update(about)


def request_id() -> str | None:
    """The id of the request under way."""
    return None if (request := _request.get()) is None else request["request_id"]


@cache  # names stand in the code: there are few
def _is_secret(name: str) -> bool:
    return SECRET.search(name) is not None


def _completing(service: str | None, *, clock: bool = False) -> Any:
    """A processor that adds what every line says: of which request it is, whose line, its level and time.

    One where there could be six, since every request pays for each. With `clock` the time of day has to do.
    """

    def complete(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
        line = event if (request := _request.get()) is None else request | event
        if service is not None:
            line["service"] = service
        tracing.add_ids(line)
        add_log_level(logger, method, line)
        now = datetime.now(UTC)
        line["timestamp"] = f"{now.astimezone():%H:%M:%S}" if clock else now
        for name in line:  # a last guard: whatever is called like a secret is not written
            if _is_secret(name):
                line[name] = "[redacted]"
        return line

    return complete


def _json(_logger: Any, _name: str, line: Any) -> bytes:
    try:
        return orjson.dumps(line, default=repr, option=orjson.OPT_UTC_Z)
    except TypeError:  # a lone surrogate, for example: slower is better than not said
        return json.dumps(line, default=str).encode()


def _bytes(_logger: Any, _name: str, line: Any) -> bytes:
    return str(line).encode("utf-8", "backslashreplace")


def _text(_logger: Any, _name: str, line: Any) -> str:
    return bytes(line).decode()


class _Lines:
    """Where lines go. A full disk is no reason to fail a request."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def msg(self, line: bytes) -> None:
        """Write a line."""
        try:
            self._file.write(line + b"\n")
            self._file.flush()
        except OSError:
            pass

    log = debug = info = warning = error = critical = exception = msg


# Without the local variables, which structlog would add: they hold tokens, passwords and what people wrote.
_traceback = ExceptionDictTransformer(show_locals=False)


def configure(service: str, level: str, form: str) -> None:
    """Send structlog's and the standard library's logs the same way."""
    # A person at a terminal wants short lines: the time of day is enough, whose line it is stands before it.
    person = form == "console"
    complete = _completing(None if person else service, clock=person)
    console = structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, exception_formatter=plain_traceback)
    last: list[Any] = [console, _bytes] if person else [ExceptionRenderer(_traceback), _json]
    # Ours are written as they are: by way of the standard library each costs several times as much.
    structlog.configure(
        processors=[complete, *last],
        logger_factory=lambda *_: _Lines(sys.stderr.buffer),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[complete],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last, _text],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # A line for each request is ours (middleware.py); libraries speak up when something is wrong.
    for name in LIBRARIES:
        logging.getLogger(name).handlers = []
        logging.getLogger(name).setLevel(max(logging.getLevelName(level), logging.WARNING))
