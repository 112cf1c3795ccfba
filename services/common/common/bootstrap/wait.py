"""Waiting for a MySQL that is still starting, with a line now and then, and not for one that says no."""

import time
from collections.abc import Callable, Mapping
from urllib.parse import unquote, urlsplit

import pymysql

from common.bootstrap.databases import bootstrap

PAUSE_SECONDS = 1.0
SAY_SECONDS = 5.0
# Not there, not known by name, or lost on the way: what a server that starts, or restarts, looks like. MySQL
# manual, "Server/Client Error Message Reference": too many connections, not ready, shutdown, network errors,
# cannot connect, gone away, lost; interrupted, killed, disconnected.
CUT_OFF = {1317, 1927, 2055, 3169}
NOT_YET = {1040, 1047, 1053, 1077, 1079, 1158, 1159, 1160, 1161, 2002, 2003, 2006, 2013} | CUT_OFF
REFUSED = {1044, 1045, 1130, 1142, 1227, 1410, 1698}
REFUSED_ADVICE = (
    "The account was refused; waiting would not help. MySQL takes its root password only when it makes its"
    " data: if the password was changed since, set it on the server to the one given here (ALTER USER), or"
    " give this command the one the server has."
)


class GaveUpError(Exception):
    """The databases could not be prepared; the message says why and what to do."""


def prepare(
    root_url: str, secrets: Mapping[str, str], *, seconds: float, say: Callable[[str], None], host: str = "%"
) -> None:
    """bootstrap(), again and again until the server is there, for at most so many seconds."""
    address = urlsplit(root_url)
    place = f"{address.hostname}:{address.port or 3306}"
    begun = time.monotonic()
    told = -SAY_SECONDS
    while True:
        try:
            return bootstrap(root_url, secrets, host=host)
        except pymysql.MySQLError as error:
            code, reason = _explain(error, (unquote(address.password or ""), *secrets.values()))
            waited = time.monotonic() - begun
            if code in REFUSED:
                raise GaveUpError(f"MySQL at {place} said no: {reason}\n{REFUSED_ADVICE}") from None
            if code not in NOT_YET:
                raise GaveUpError(f"MySQL at {place}: {reason}") from None
            if waited >= seconds:
                advice = "Is it running, and is this its address?"
                raise GaveUpError(
                    f"MySQL at {place} was not there for {waited:.0f} s: {reason}\n{advice}"
                ) from None
            if waited - told >= SAY_SECONDS:
                told = waited
                say(f"Waiting for MySQL at {place} ({waited:.0f} s of {seconds:.0f}): {reason}")
        time.sleep(PAUSE_SECONDS)


def _explain(error: pymysql.MySQLError, secrets: tuple[str, ...]) -> tuple[int, str]:
    """The number and the words of an error; a statement that it quotes may hold a password."""
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    words = str(error.args[-1]) if error.args else type(error).__name__
    for secret in filter(None, secrets):
        words = words.replace(secret, "…")
    return code, words
