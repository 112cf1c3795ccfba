"""The run: shared servers, a stack per worker, and the fixtures every test may use."""

import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest

from tests.support import Person, PersonFactory, Stack
from tests.support.browser import browser, new_context, site  # noqa: F401 - fixtures
from tests.support.person import new_email
from tests.support.servers import Servers
from tests.support.system import System, add_option, keep_marked, system_of
from tools.stack import MySQL, Redis

_servers = pytest.StashKey[Servers]()
_stacks: list[Stack] = []  # those of the running test, so that a failure can show what their services logged


def pytest_addoption(parser: pytest.Parser) -> None:
    """Tests may run against a system that runs already."""
    add_option(parser)


def pytest_configure(config: pytest.Config) -> None:
    """The controlling process starts what its workers share; without workers it starts on first use."""
    told = getattr(config, "workerinput", {}).get("servers")
    servers = Servers.of_controller(told) if told else Servers.new()
    config.stash[_servers] = servers
    if system_of(config) or config.option.collectonly:
        return
    if not told and config.getoption("numprocesses", None):
        servers.start()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long tests first, so that none outlasts the rest; browser tests share one worker."""
    keep_marked(config, items)
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    for item in items:
        if item.get_closest_marker("e2e") is not None:
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a new worker where the shared servers are."""
    node.workerinput["servers"] = node.config.stash[_servers].tell()


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what the run has started."""
    if not hasattr(config, "workerinput") and _servers in config.stash:
        config.stash[_servers].stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:  # noqa: ARG001 - pytest's
    """A failure shows the end of what the services logged."""
    report = yield
    if report.failed:
        for stack in _stacks:
            report.sections += [
                (f"{name} log", "\n".join(log.splitlines()[-25:])) for name, log in stack.logs().items()
            ]
    return report


@pytest.fixture(scope="session")
def worker(request: pytest.FixtureRequest) -> str:
    """The name of this worker, "main" when there is only one."""
    return str(getattr(request.config, "workerinput", {}).get("workerid", "main"))


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Servers:
    """The servers of the run, started."""
    servers = request.config.stash[_servers]
    if not hasattr(request.config, "workerinput"):
        servers.start()
    return servers


@pytest.fixture(scope="session")
def mysql(servers: Servers) -> MySQL:
    """The database server all workers share: not to be killed. `new_mysql` makes one that may be."""
    return servers.mysql


@pytest.fixture(scope="session")
def redis(servers: Servers, worker: str) -> Iterator[Redis]:
    """This worker's Redis: what is published for one worker's stack must not reach another's."""
    server = Redis(servers.home / worker / "redis")
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest, worker: str) -> Iterator[Stack | System]:
    """The three services, running, with databases of this worker's own; or else the system of `--system`."""
    address = system_of(request.config)
    if address:
        yield System(address)
        return
    servers, redis = request.getfixturevalue("servers"), request.getfixturevalue("redis")
    stack = Stack(servers.home / worker, mysql=servers.mysql, redis=redis, suffix=f"_{worker}")
    try:
        _stacks.append(stack)
        stack.start()
        yield stack
    finally:
        stack.stop()
        _stacks.remove(stack)


@pytest.fixture
def new_mysql(servers: Servers, tmp_path: Path) -> Iterator[Callable[[], MySQL]]:
    """A factory of database servers that a test may pause, kill and start again."""
    made: list[MySQL] = []

    def make() -> MySQL:
        made.append(MySQL(tmp_path / f"mysql-{len(made)}", template=servers.template))
        made[-1].start()
        return made[-1]

    yield make
    for server in made:
        server.kill()


@pytest.fixture
def new_redis(tmp_path: Path) -> Iterator[Callable[[], Redis]]:
    """A factory of Redis servers that a test may pause, kill and start again."""
    made: list[Redis] = []

    def make() -> Redis:
        made.append(Redis(tmp_path / f"redis-{len(made)}"))
        made[-1].start()
        return made[-1]

    yield make
    for server in made:
        server.kill()


@pytest.fixture
def new_stack(
    new_mysql: Callable[[], MySQL], new_redis: Callable[[], Redis], tmp_path: Path
) -> Iterator[Callable[..., Stack]]:
    """A factory of whole stacks on servers of their own: `new_stack(names=("auth", "todo"), env={…})`."""
    made: list[Stack] = []

    def make(*, mysql: MySQL | None = None, redis: Redis | None = None, **options: Any) -> Stack:
        home = tmp_path / f"stack-{len(made)}"
        stack = Stack(home, mysql=mysql or new_mysql(), redis=redis or new_redis(), **options)
        made.append(stack)
        _stacks.append(stack)
        stack.start()
        return stack

    yield make
    for stack in made:
        stack.stop()
        _stacks.remove(stack)


_database_number = itertools.count(1)


@pytest.fixture
def new_database(mysql: MySQL, worker: str) -> Iterator[Callable[[], str]]:
    """A factory of empty databases on the shared server: the address, for an account that may do anything."""
    made: list[str] = []

    def execute(statement: str) -> None:
        with (
            pymysql.connect(
                host="127.0.0.1", port=mysql.port, user="root", password=mysql.password
            ) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)

    def make() -> str:
        made.append(f"test_{worker}_{next(_database_number)}")
        execute(f"CREATE DATABASE `{made[-1]}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        return mysql.url(database=made[-1])

    yield make
    for name in made:
        execute(f"DROP DATABASE `{name}`")


@pytest.fixture
async def person(request: pytest.FixtureRequest) -> AsyncIterator[PersonFactory]:
    """A factory of people: `alice = await person("Alice")` is registered and signed in."""
    made: list[Person] = []

    async def make(name: str = "Alice", *, stack: Stack | None = None) -> Person:
        home: Stack | System = stack or request.getfixturevalue("stack")
        someone = Person(home.url, name, new_email(name))
        made.append(someone)
        await someone.register()
        return someone

    yield make
    for someone in made:
        await someone.client.aclose()
