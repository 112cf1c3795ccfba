"""What the operator does from the command line: `python -m auth <command>`."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from auth import keys, store
from auth.actions import accounts
from auth.housekeeping import one_round
from auth.keys import Safe
from auth.schemas import normalise_email
from auth.settings import Settings
from auth.topics import SESSIONS, USERS
from common.database import Database
from common.errors import ServiceError
from common.log.bus import Bus, connect
from common.log.events import Event
from common.log.transaction import Tx
from common.log.writer import Writer
from common.settings import load

Work = Callable[[Settings, Writer], Awaitable[str]]


@asynccontextmanager
async def _writer(settings: Settings) -> AsyncIterator[Writer]:
    """The write path of the service, without the service: what is written is published too."""
    database = Database(settings)
    redis = connect(settings.redis_url.get_secret_value(), cluster=settings.redis_cluster)
    bus = Bus("auth", redis)

    def publish(events: list[Event]) -> None:
        for event in events:
            bus.publish(event.topic, event.publication())

    writer = Writer(database, publish)
    try:
        yield writer
    finally:
        await writer.close()
        await bus.close()
        await redis.aclose()
        await database.close()


def _run(work: Work) -> None:
    """Do it and say what was done, or leave with status 1 and what went wrong."""

    async def run() -> str:
        settings = load(Settings)
        async with _writer(settings) as log:
            return await work(settings, log)

    try:
        done = asyncio.run(run())
    except ServiceError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None
    sys.stdout.write(f"{done}\n")


def rotate_keys(arguments: list[str]) -> None:
    """A new signing key takes over; what the old one signed stays good until it expires."""
    parser = argparse.ArgumentParser(prog="python -m auth rotate-keys", description=rotate_keys.__doc__)
    parser.add_argument(
        "--now", action="store_true", help="use it at once, before verifiers have seen it published"
    )
    parser.add_argument(
        "--revoke",
        action="store_true",
        help="and forget all other keys, at once: for after a restore, or when a key became known. Processes "
        "that run go on with tokens they have seen, so do it while the services are stopped",
    )
    asked = parser.parse_args(arguments)
    at_once, revoke = asked.now or asked.revoke, bool(asked.revoke)

    async def work(settings: Settings, log: Writer) -> str:
        lead = timedelta(seconds=0 if at_once else settings.key_lead_seconds)

        async def rotate(tx: Tx) -> str | None:
            known = await store.keys.all_of_them(tx.db)
            if revoke:
                await store.keys.remove(tx.db, [key.kid for key in known])
            return await keys.make(tx.db, Safe(settings.sealing_key()), known, active_from=tx.now + lead)

        kid = await log.write([], rotate)
        if kid is None:
            return "Another process has just rotated the keys."
        return f"{kid} signs in {lead.seconds} s." if lead else f"{kid} signs."

    _run(work)


def _about_account(name: str, arguments: list[str], command: accounts.Command, done: str) -> None:
    parser = argparse.ArgumentParser(prog=f"python -m auth {name}")
    parser.add_argument("email", type=normalise_email)
    email: str = parser.parse_args(arguments).email

    async def work(settings: Settings, log: Writer) -> str:  # noqa: ARG001 - every command's signature
        await log.write([USERS, SESSIONS], lambda tx: accounts.by_email(tx, email, command))
        return f"{email} {done}."

    _run(work)


def set_role(arguments: list[str]) -> None:
    """Make an account `admin` or `user`. It is signed out, since tokens carry the role."""
    parser = argparse.ArgumentParser(prog="python -m auth set-role", description=set_role.__doc__)
    parser.add_argument("email")
    parser.add_argument("role", choices=["admin", "user"])
    asked = parser.parse_args(arguments)
    _about_account("set-role", [asked.email], accounts.set_role(asked.role), f"is {asked.role}")


def disable(arguments: list[str]) -> None:
    """Shut an account out: its sessions end and it cannot sign in."""
    _about_account("disable", arguments, accounts.disable, "is disabled")


def enable(arguments: list[str]) -> None:
    """Let an account in again."""
    _about_account("enable", arguments, accounts.enable, "is enabled")


def keep_house(arguments: list[str]) -> None:
    """What the service does by itself every few minutes: rotate the key if due, delete what is old."""
    argparse.ArgumentParser(prog="python -m auth keep-house", description=keep_house.__doc__).parse_args(
        arguments
    )

    async def work(settings: Settings, log: Writer) -> str:
        await one_round(log, settings, Safe(settings.sealing_key()))
        return "Done."

    _run(work)


COMMANDS: dict[str, Callable[[list[str]], None]] = {
    "rotate-keys": rotate_keys,
    "set-role": set_role,
    "disable": disable,
    "enable": enable,
    "keep-house": keep_house,
}
