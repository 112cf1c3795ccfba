"""What the tools say to a person: steps with their outcome, colours, failures without tracebacks."""

import contextlib
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_one_line_at_a_time = threading.Lock()
TERMINAL = sys.stdout.isatty()
COLOURS = TERMINAL and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


class FailedError(Exception):
    """A step failed: what, and what the person can do about it."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice


def paint(text: str, code: str) -> str:
    """The text in a colour (an SGR code such as "1;32"), where colours are wanted."""
    return f"\x1b[{code}m{text}\x1b[0m" if COLOURS else text


def say(text: str = "") -> None:
    """One line, whole, whoever else is speaking; without colours where they are not wanted."""
    with _one_line_at_a_time:
        print(text if COLOURS else _ESCAPES.sub("", text), flush=True)


def heading(text: str) -> None:
    """The name of what is about to happen."""
    say(paint(text, "1"))


def end_as_by_ctrl_c() -> None:
    """Every signal that asks us to end raises KeyboardInterrupt.

    SIGINT does also where we were started in the background, which ignores it; SIGHUP not under nohup. Only
    Ctrl-C counts twice: make passes on the SIGTERM that its whole group has had already.
    """

    def interrupt(number: int, _: object) -> None:
        if number != signal.SIGINT:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, interrupt)


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """Say what is being done, and when it is done how long it took."""
    begun = time.monotonic()
    if TERMINAL:
        print(f"  … {text}", end="", flush=True)
    else:
        say(f"  … {text}")
    try:
        yield
    except BaseException:
        _finish(paint("✗", "31"), text, begun)
        raise
    _finish(paint("✓", "32"), text, begun)


def report(failure: FailedError) -> None:
    """What failed and what to do."""
    say(f"\n{paint('Failed:', '1;31')} {failure.what}\n\n{paint('What to do:', '1')} {failure.advice}")


def _finish(mark: str, text: str, begun: float) -> None:
    back = "\r\x1b[K" if TERMINAL else ""
    print(f"{back}  {mark} {text} {paint(f'{time.monotonic() - begun:.1f} s', '2')}", flush=True)
