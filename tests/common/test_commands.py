"""What an operator types: settings that are missing, and the commands of the log."""

import asyncio
import json
import os
import sys

import sqlalchemy as sa

from common.ids import new_id
from common.log import reader
from common.log.tables import TOPICS
from common.settings import ServiceSettings
from tests.common.conftest import Log, create, note
from tools.stack.service import NAMES, PYTHONPATH, ROOT

BARE = {name: value for name, value in os.environ.items() if not name.startswith("TODOLIST_")}


async def run(*arguments: str, **env: str) -> tuple[int | None, str, str]:
    """A command of a service, in an environment with nothing of ours but what is given."""
    return await _python("-m", *arguments, **env)


async def _python(*arguments: str, **env: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=ROOT,
        env={**BARE, "PYTHONPATH": PYTHONPATH, **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    return process.returncode, output.decode(), errors.decode()


def environment(settings: ServiceSettings) -> dict[str, str]:
    return {
        "TODOLIST_DATABASE_URL": settings.database_url.get_secret_value(),
        "TODOLIST_REDIS_URL": settings.redis_url.get_secret_value(),
        "TODOLIST_SERVICE_KEY": settings.service_key.get_secret_value(),
    }


async def test_libraries_speak_up_only_when_something_is_wrong() -> None:
    """SQLAlchemy tells of its pools under the name of our class: a line for each connection, at DEBUG."""
    status, _, said = await _python(
        "-c",
        """
import asyncio, logging
from common import telemetry
from common.database import Database
from common.settings import ServiceSettings

telemetry.configure("probe", "DEBUG", "json")
urls = {"database_url": "mysql://a:b@127.0.0.1:1/c", "redis_url": "redis://127.0.0.1"}
database = Database(ServiceSettings.model_validate(urls | {"service_key": "k" * 32}))
asyncio.run(database.close())  # which the pools tell of
logging.getLogger("websockets.server").warning("wrong")
""",
    )
    (line,) = said.splitlines()
    assert (status, json.loads(line)["event"]) == (0, "wrong")


async def test_everything_missing_is_named_in_one_message() -> None:
    """No traceback, and status 2."""
    for name in NAMES:
        status, _, said = await run(name)
        assert status == 2
        assert "Traceback" not in said
        for variable in ("DATABASE_URL", "REDIS_URL", "SERVICE_KEY"):
            assert f"TODOLIST_{variable}: missing" in said


async def test_a_wrong_value_is_named_but_not_shown() -> None:
    """It may be a secret."""
    env = {
        "TODOLIST_DATABASE_URL": "mysql://x",
        "TODOLIST_REDIS_URL": "redis://x",
        "TODOLIST_SERVICE_KEY": "hunter2",
        "TODOLIST_POOL_SIZE": "0",
    }
    status, _, said = await run("todo", **env)
    assert status == 2
    assert "TODOLIST_SERVICE_KEY: " in said
    assert "TODOLIST_POOL_SIZE: " in said
    assert "TODOLIST_REDIS_URL" not in said
    assert "hunter2" not in said


async def test_new_epoch_check_and_prune(log: Log) -> None:
    """After a restore every topic begins another life; its numbers go on."""
    topic = f"list:{new_id()}"
    await create(log, topic)

    async def write() -> None:
        await log.writer.write([topic], lambda tx: note(tx, topic, "x"))

    await write()
    async with log.database.read() as connection:
        before = await reader.head(connection, topic)
    status, said, _ = await run("common.log", "new-epoch", **environment(log.settings))
    assert (status, said) == (0, "1 topics have begun a new epoch\n")
    async with log.database.read() as connection:
        after = await reader.head(connection, topic)
    assert before is not None
    assert after is not None
    assert (after.seq, after.epoch != before.epoch) == (before.seq, True)

    status, said, _ = await run("common.log", "check", **environment(log.settings))
    assert (status, said) == (0, "the server settings are as the log needs them\n")

    async with log.database.writes.begin() as connection:
        await connection.execute(sa.text("UPDATE events SET at = at - INTERVAL 91 DAY"))
    await write()
    status, said, _ = await run("common.log", "prune", **environment(log.settings))
    assert (status, said) == (0, "1 events removed\n")
    async with log.database.read() as connection:
        floor = await connection.scalar(sa.select(TOPICS.c.floor).where(TOPICS.c.topic == topic.encode()))
    assert floor == 1
    assert [row.seq for row in await log.events(topic)] == [2]


async def test_logs_are_one_json_object_a_line_without_secrets() -> None:
    """Whatever is called like a secret is not written."""
    script = (
        "import logging, structlog; from common import telemetry;"
        "telemetry.configure('todo', 'INFO', 'json');"
        "structlog.get_logger().info('hello', token='t0p', password='hunter2', count=3);"
        "logging.getLogger('lib').warning('careful')"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        script,
        env={**BARE, "PYTHONPATH": PYTHONPATH},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    lines = [json.loads(line) for line in (output + errors).decode().splitlines()]
    assert [line["event"] for line in lines] == ["hello", "careful"]
    assert lines[0]["count"] == 3
    assert "t0p" not in str(lines)
    assert "hunter2" not in str(lines)
