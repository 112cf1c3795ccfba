"""The contestants of the socket jobs. Each is one process on the core for servers: it holds the sockets,
takes the POSTs, and gets the messages through Redis. The same event goes to every socket, uncompressed."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from bench import golang, machine, npm, seed
from bench.arena import Arena
from bench.crowd import tokens
from bench.job import OURS
from bench.live import Target
from bench.world import World
from common.ids import new_id
from tools.stack import Redis, Service

SOCKETIO = "socket.io + Redis adapter"
GORILLA = "gorilla PreparedMessage"
ABOUT = {
    OURS: "chat: a POST is a durable message in MySQL; each socket has authenticated and subscribed",
    SOCKETIO: "socket.io 4 on Node, its Redis adapter: a POST is an emit; nothing is stored or checked",
    GORILLA: "Go, one frame prepared for all: a POST is a PUBLISH; nothing is stored or checked",
}


@dataclass(frozen=True)
class Room:
    """A running contestant with rooms in it."""

    target: Target  # without what is to be done to it
    pid: int

    def resident_bytes(self) -> int:
        """What its process holds in memory."""
        return machine.resident_bytes(self.pid)


Opener = Callable[[], AbstractContextManager[Room]]
"""Starts a contestant's process with nobody in it."""


def ours(arena: Arena, world: World, people: int, rooms: int = 1) -> Opener:
    """Our chat: so many people, who are members of so many rooms in turn. Whoever speaks is one of them."""
    accounts = [str(new_id()) for _ in range(people)]
    speaker = str(new_id())
    topics = []
    for number in range(rooms):
        members = [speaker, *accounts[number::rooms]]
        topics += seed.rooms(world.mysql.url(database="chat"), members, 1, 1)
    known = tokens(world, [speaker, *accounts])

    @contextmanager
    def open_room() -> Iterator[Room]:
        service = world.replica("chat", arena.cores.server)
        try:
            yield Room(_ours(service, topics, known), service.process.pid)
        finally:
            service.kill()

    return open_room


def _ours(service: Service, rooms: Sequence[Any], known: Sequence[str]) -> Target:
    return Target(
        protocol="todolist",
        live=f"127.0.0.1:{service.port}",
        path="/api/chat/live",
        post=[f"{service.url}/api/chat/rooms/{room}/messages" for room in rooms],
        tokens=list(known[1:]),
        topics=[f"room:{room}" for room in rooms],
        sender=known[0],
        watch={"server": service.process.pid},
    )


def socketio(arena: Arena, redis: Redis) -> Opener:
    """socket.io."""
    command = ["node", npm.install("socketio") / "server.js"]
    return _peer(arena, redis, "socketio", command, "/socket.io/?EIO=4&transport=websocket")


def gorilla(arena: Arena, redis: Redis) -> Opener:
    """Go."""
    return _peer(arena, redis, "plain", [golang.build("gorilla")], "/live")


def _peer(arena: Arena, redis: Redis, protocol: str, command: Sequence[Any], path: str) -> Opener:
    @contextmanager
    def open_room() -> Iterator[Room]:
        with arena.server(protocol, command, env={"REDIS_URL": redis.url}) as server:
            target = Target(
                protocol=protocol,
                live=f"127.0.0.1:{server.port}",
                path=path,
                post=[f"{server.url}/messages"],
                watch={"server": server.pid},
            )
            yield Room(target, server.pid)

    return open_room
