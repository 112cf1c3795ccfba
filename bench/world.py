"""Our product as a contestant: the three services as in production, and people who are signed in."""

import json
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import machine
from common.bootstrap import bootstrap, new_secrets
from common.migrate import migrate
from tools.prepare import PYTHON
from tools.stack import MySQL, Redis, Service, free_port, service_environment
from tools.stack.ports import HOST
from tools.stack.service import NAMES

PASSWORD = "correct horse battery staple"  # noqa: S105 - of people who live for one run


@dataclass(frozen=True)
class Person:
    """Someone with an access token, which is good for 15 minutes."""

    id: str
    email: str
    token: str


class World:
    """MySQL, Redis, auth, todo and chat; the services named in `measured` stand on the core for servers."""

    def __init__(
        self,
        home: Path,
        mysql: MySQL,
        redis: Redis,
        cores: machine.Cores,
        measured: tuple[str, ...],
        env: Mapping[str, str],
    ) -> None:
        self.home = home
        self.mysql = mysql
        self.redis = redis
        self.secrets = new_secrets()
        self._cores = cores
        self._measured = measured
        self._env = dict(env)
        self._ports = {name: free_port() for name in NAMES}
        self._services = {name: self._service(name, self._ports[name]) for name in NAMES}
        self._replicas: list[Service] = []

    def start(self) -> None:
        """Make and migrate the databases, start the services and wait until they are ready."""
        bootstrap(self.mysql.url(), self.secrets)
        for name in NAMES:
            migrate(name, self.database_url(name, f"{name}_migrator"))
        for name, service in self._services.items():
            with machine.on(self._cores.server if name in self._measured else self._cores.others):
                service.start(wait=False)
        for service in self._services.values():
            service.wait_ready()

    def stop(self) -> None:
        """End every process."""
        for service in [*self._replicas, *self._services.values()]:
            service.kill()

    def service(self, name: str) -> Service:
        """The process of a service: `.url`, `.process.pid`, `.log`."""
        return self._services[name]

    def replica(self, name: str, cores: frozenset[int], python: Path = PYTHON) -> Service:
        """One more process of a service on these cores, ready; with that interpreter."""
        service = self._service(name, free_port(), python)
        self._replicas.append(service)
        with machine.on(cores):
            service.start()
        return service

    def database_url(self, name: str, account: str | None = None) -> str:
        """The address of a service's database, for its own account or another of its accounts."""
        account = account or name
        return self.mysql.url(account, self.secrets[f"{account}_password"], name)

    def environment(self, name: str) -> dict[str, str]:
        """What a process of this service needs to be told; a peer made of our code needs it, too."""
        urls = {other: f"http://{HOST}:{port}" for other, port in self._ports.items()}
        complete = service_environment(
            name, mysql=self.mysql, redis=self.redis, secrets=self.secrets, urls=urls
        )
        return {**complete, **self._env}

    def people(self, count: int) -> list[Person]:
        """So many accounts, signed in."""
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(self._person, range(count)))

    def call(self, method: str, service: str, path: str, token: str = "", body: Any = None) -> Any:
        """One request to a service; what it answers, decoded."""
        return call(method, self.service(service).url + path, token, body)

    def public_keys(self) -> str:
        """auth's public keys, a JSON Web Key Set: with them, peers check the same tokens."""
        return json.dumps(self.call("GET", "auth", "/api/auth/.well-known/jwks.json"))

    def _person(self, number: int) -> Person:
        account = {"email": f"person{number}.{free_port()}@example.com", "password": PASSWORD}
        made = self.call("POST", "auth", "/api/auth/accounts", body={**account, "name": f"Person {number}"})
        signed_in = self.call("POST", "auth", "/api/auth/sessions", body={**account, "transport": "body"})
        return Person(made["id"], account["email"], signed_in["access_token"])

    def _service(self, name: str, port: int, python: Path = PYTHON) -> Service:
        env = self.environment(name)
        return Service(name, env=env, port=port, log=self.home / f"{name}-{port}.log", python=python)


def call(method: str, url: str, token: str = "", body: Any = None) -> Any:
    """One request; what it answers, decoded. Raises for anything but 2xx."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - an address of ours
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
        return json.loads(answer.read() or b"null")
