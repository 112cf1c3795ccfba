"""TCP ports on this machine: finding a free one, and seeing whether one answers."""

import random
import socket
import time
from collections.abc import Callable

HOST = "127.0.0.1"
_chance = random.SystemRandom()


def free_port() -> int:
    """A port nobody listens on, below those the kernel gives to outgoing connections.

    From that range a connection could take the port before the server does, or while it is being restarted.
    """
    while True:
        port = _chance.randrange(20_000, 32_000)
        if is_free(port):
            return port


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
