"""TCP ports on this machine: finding a free one, and seeing whether one answers."""

import socket
import time
from collections.abc import Callable

HOST = "127.0.0.1"


def free_port() -> int:
    """A port nobody listens on. The kernel does not hand it out again soon, so it can be passed on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def wait_until(condition: Callable[[], bool], *, seconds: float, alive: Callable[[], bool]) -> bool:
    """Poll until the condition holds; False when the time is over or what we wait for has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and alive():
        if condition():
            return True
        time.sleep(0.02)
    return False


def says(port: int, question: bytes, expected: bytes) -> bool:
    """Whether the server on this port answers the question (or, without one, greets) as expected."""
    try:
        with socket.create_connection((HOST, port), timeout=1) as connection:
            if question:
                connection.sendall(question)
            return expected in connection.recv(256)
    except OSError:
        return False
