"""The three services as real processes, with databases of their own: one stack per worker, or per test."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from common.bootstrap import bootstrap, new_secrets
from common.migrate import migrate
from tools.stack import MySQL, Redis, Service, free_port, service_environment
from tools.stack.service import NAMES

# Hashing as hard as in production would be most of what a test run does.
TEST_SETTINGS = {
    "TODOLIST_ARGON2_MEMORY_KIB": "1024",
    "TODOLIST_ARGON2_TIME_COST": "1",
    "TODOLIST_LOG_LEVEL": "INFO",
    "TODOLIST_DRAIN_SECONDS": "0",
}


class Stack:
    """Databases, accounts and services. The servers may be shared; the databases are this stack's own."""

    def __init__(
        self,
        home: Path,
        *,
        mysql: MySQL,
        redis: Redis,
        suffix: str = "",
        names: Sequence[str] = NAMES,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.home = home
        self.mysql = mysql
        self.redis = redis
        self.suffix = suffix
        self.secrets = new_secrets()
        self._env = {**TEST_SETTINGS, **(env or {})}
        self._ports = {name: free_port() for name in NAMES}
        self._names = names
        self._services = {name: self._service(name, self._ports[name], f"{name}.log") for name in names}
        self._replicas: list[Service] = []

    def url(self, name: str) -> str:
        """The address of a service."""
        return f"http://127.0.0.1:{self._ports[name]}"

    def service(self, name: str) -> Service:
        """The process of a service: .kill() .stop() .start() .pause() .resume() .log"""
        return self._services[name]

    def database_url(self, name: str, *, account: str | None = None) -> str:
        """The address of a service's database, for its own account or another (`<name>_migrator`)."""
        account = account or name
        return self.mysql.url(
            f"{account}{self.suffix}", self.secrets[f"{account}_password"], f"{name}{self.suffix}"
        )

    def environment(self, name: str) -> dict[str, str]:
        """The environment of a service."""
        urls = {other: self.url(other) for other in NAMES}
        complete = service_environment(
            name, mysql=self.mysql, redis=self.redis, secrets=self.secrets, urls=urls, suffix=self.suffix
        )
        return {**complete, **self._env}

    def replica(self, name: str, **env: str) -> Service:
        """One more process of a service on another port, ready; it ends with the stack."""
        return self.launch(name, env)

    def launch(
        self, name: str, env: dict[str, str], *, wait: bool = True, run: tuple[str, ...] = ()
    ) -> Service:
        """A replica that is not waited for, or that runs something else.

        `run` is what Python runs instead of the service's own package: a module and its arguments.
        """
        port = free_port()
        replica = self._service(name, port, f"{name}-{port}.log", env, run=run)
        self._replicas.append(replica)
        replica.start(wait=wait)
        return replica

    def worker(self, name: str, *, wait: bool = True, **env: str) -> Service:
        """A process that does a service's background work; it ends with the stack."""
        port = free_port()
        worker = self._service(name, port, f"{name}-worker-{port}.log", env, arguments=("work",))
        self._replicas.append(worker)
        worker.start(wait=wait)
        return worker

    def logs(self) -> dict[str, str]:
        """What each process has logged."""
        processes = [*self._services.values(), *self._replicas]
        return {f"{process.name}:{process.port}": process.log for process in processes}

    def prepare(self) -> None:
        """Make and migrate the databases."""
        bootstrap(self.mysql.url(), self.secrets, suffix=self.suffix)
        for name in self._names:
            migrate(name, self.database_url(name, account=f"{name}_migrator"))

    def start(self) -> None:
        """Prepare, start the services and wait until all are ready."""
        self.prepare()
        for service in self._services.values():
            service.start(wait=False)
        for service in self._services.values():
            service.wait_ready()

    def stop(self) -> None:
        """End every process of the stack. At once: an orderly drain is what some tests are about, not all."""
        for process in [*self._replicas, *self._services.values()]:
            process.kill()

    def _service(
        self,
        name: str,
        port: int,
        log: str,
        env: Mapping[str, str] | None = None,
        arguments: tuple[str, ...] = (),
        run: tuple[str, ...] = (),
    ) -> Service:
        complete = {**self.environment(name), **(env or {})}
        return Service(name, env=complete, port=port, log=self.home / log, arguments=arguments, run=run)
