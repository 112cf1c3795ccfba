"""Starting those we are measured against, on the rows and with the keys of one world."""

import contextlib
import sys
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from bench.arena import Arena, Server
from bench.golang import build
from bench.world import World

ORM = "FastAPI, sync ORM"
GIN = "Gin"
GIN_CACHE = "Gin, Redis and local cache"


@contextlib.contextmanager
def gin(arena: Arena, world: World) -> Iterator[Server]:
    """The Gin server, on one core as all are."""
    environment = {
        "TODO_DSN": _dsn(world.database_url("todo")),
        "CHAT_DSN": _dsn(world.database_url("chat")),
        "REDIS_URL": world.redis.url,
        "JWKS": world.public_keys(),
        "GOMAXPROCS": "1",
    }
    with arena.server("gin", [build("gin")], env=environment) as server:
        yield server


@contextlib.contextmanager
def peer(arena: Arena, world: World, module: str, *arguments: str) -> Iterator[Server]:
    """One of the Python peers that stand beside todo."""
    environment = {
        "DATABASE_URL": world.database_url("todo"),
        "REDIS_URL": world.redis.url,
        "JWKS": world.public_keys(),
    }
    if module.endswith("crud"):
        environment["DATABASE_URL"] = environment["DATABASE_URL"].replace("mysql://", "mysql+pymysql://")
    command = [sys.executable, "-m", f"bench.peers.{module}", *arguments]
    with arena.server(module, command, env=environment) as server:
        yield server


@contextlib.contextmanager
def variant(arena: Arena, world: World, name: str, module: str, *arguments: str) -> Iterator[Server]:
    """A service of ours that differs in one thing."""
    command = [sys.executable, "-m", f"bench.peers.{module}", *arguments]
    environment = world.environment(name)
    with arena.server(module, command, env=environment, path="/readyz") as server:
        yield server


def _dsn(url: str) -> str:
    """A database's address as go-sql-driver writes it."""
    parts = urlsplit(url)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return f"{user}:{password}@tcp({parts.hostname}:{parts.port}){parts.path}?parseTime=true"
