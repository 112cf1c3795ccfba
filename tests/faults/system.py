"""What is disturbed: two replicas of each service, MySQL, Redis, and a proxy on every way between them."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from tests.support import Stack, eventually
from tests.support.proxy import Proxy, RedisProxy
from tools.stack import MySQL, Redis, Service
from tools.stack.ports import HOST
from tools.stack.service import NAMES, answers

REPLICAS = 2
CALLS = {"auth": (), "todo": ("auth",), "chat": ("auth", "todo")}
"""Whom a service asks over HTTP."""
SETTINGS = {"TODOLIST_LOG_LEVEL": "WARNING"}


class System:
    """`links["todo-1", "mysql"]` is the way from a replica to what it needs; `["clients", "todo-1"]` the
    way to it."""

    def __init__(
        self, home: Path, *, mysql: MySQL | None = None, redis: Redis | None = None, suffix: str = ""
    ) -> None:
        self.mysql = mysql or MySQL(home / "mysql")
        self.redis = redis or Redis(home / "redis")
        self.stack = Stack(home, mysql=self.mysql, redis=self.redis, suffix=suffix, env=SETTINGS)
        self.replicas: dict[str, Service] = {}  # "todo-1" → its process
        self.links: dict[tuple[str, str], Proxy] = {}
        self._owned = [server for server, given in ((self.mysql, mysql), (self.redis, redis)) if not given]

    async def start(self, *, run: Mapping[str, tuple[str, ...]] | None = None, **env: str) -> None:
        """Start everything and wait until all of it is ready; `run` says what stands for a service."""
        for server in self._owned:
            await asyncio.to_thread(server.start)
        await asyncio.to_thread(self.stack.prepare)
        for name in NAMES:
            for number in range(REPLICAS):
                await self._start_replica(name, f"{name}-{number}", (run or {}).get(name, ()), env)
        for (caller, callee), link in self.links.items():
            if callee in NAMES:
                link.targets = [self.replicas[replica].port for replica in self.of(callee)]
            elif caller == "clients":
                link.targets = [self.replicas[callee].port]
        await asyncio.gather(*(self.ready(replica) for replica in self.replicas))

    async def stop(self) -> None:
        """End every process and every connection."""
        self.stack.stop()
        for link in self.links.values():
            await link.close()
        for server in self._owned:
            server.kill()

    async def replace(self, name: str, *run: str) -> None:
        """Start other processes in the place of a service's replicas: a module and its arguments, or the
        service itself."""
        for replica in self.of(name):
            service = self.replicas[replica]
            service.kill()
            service.process.command[2:] = run or (name,)
            service.start(wait=False)
        await asyncio.gather(*map(self.ready, self.of(name)))

    def of(self, name: str) -> list[str]:
        """The replicas of a service."""
        return [replica for replica in self.replicas if replica.startswith(f"{name}-")]

    def way(self, way: str) -> list[Proxy]:
        """The links of a way, by the name that plans give it."""
        if way == "clients":
            return [link for (caller, _), link in self.links.items() if caller == "clients"]
        callees = set(NAMES) if way == "services" else {way.removeprefix("to-")}
        return [link for (_, callee), link in self.links.items() if callee in callees]

    def addresses(self, name: str) -> list[str]:
        """Where clients find the replicas of a service."""
        return [f"http://{HOST}:{self.links['clients', replica].port}" for replica in self.of(name)]

    async def ready(self, replica: str) -> None:
        """Wait until a replica is ready, asked directly."""
        url = f"{self.replicas[replica].url}/readyz"

        async def is_ready() -> bool:
            return await asyncio.to_thread(answers, url)

        await eventually(is_ready, timeout=30)

    async def _start_replica(
        self, name: str, replica: str, run: tuple[str, ...], env: dict[str, str]
    ) -> None:
        mysql = await self._link(replica, "mysql", Proxy(self.mysql.port))
        redis = RedisProxy(self.redis.port)
        await self._link(replica, "redis", redis)
        database = self.stack.database_url(name)
        places = {
            "TODOLIST_DATABASE_URL": database.replace(f":{urlsplit(database).port}/", f":{mysql.port}/"),
            "TODOLIST_REDIS_URL": redis.url,
        }
        for callee in CALLS[name]:
            link = await self._link(replica, callee, Proxy())
            places[f"TODOLIST_{callee.upper()}_URL"] = f"http://{HOST}:{link.port}"
        self.replicas[replica] = self.stack.launch(name, places | env, wait=False, run=run)
        await self._link("clients", replica, Proxy())

    async def _link(self, caller: str, callee: str, proxy: Proxy) -> Proxy:
        self.links[caller, callee] = proxy
        await proxy.start()
        return proxy
