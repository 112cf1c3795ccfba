"""The private servers: durable, least-privileged, and gone when they are told to go."""

from collections.abc import Callable
from typing import Any

import pymysql
import pytest

from common.bootstrap import SERVICES, bootstrap, new_secrets
from tests.support import eventually
from tools.stack import MySQL, Redis


def query(
    server: MySQL,
    statement: str,
    *,
    user: str = "root",
    password: str | None = None,
    database: str | None = None,
) -> Any:
    secret = server.password if password is None else password
    with (
        pymysql.connect(
            host="127.0.0.1", port=server.port, user=user, password=secret, database=database
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
        connection.commit()
        return cursor.fetchall()


def test_the_server_is_as_durable_as_the_log_needs(mysql: MySQL) -> None:
    settings = "@@log_bin, @@sync_binlog, @@innodb_flush_log_at_trx_commit, @@character_set_server"
    assert query(mysql, f"SELECT {settings}") == ((1, 1, 1, "utf8mb4"),)


def test_a_committed_row_survives_kill(new_mysql: Callable[[], MySQL]) -> None:
    server = new_mysql()
    query(server, "CREATE DATABASE place")
    query(server, "CREATE TABLE thing (id INT PRIMARY KEY)", database="place")
    query(server, "INSERT INTO thing VALUES (42)", database="place")
    server.kill()
    assert not server.answers()
    server.start()
    assert query(server, "SELECT id FROM thing", database="place") == ((42,),)


async def test_redis_can_be_killed_and_started_again(new_redis: Callable[[], Redis]) -> None:
    server = new_redis()
    server.kill()
    assert not server.answers()
    server.start()

    async def answers() -> bool:
        return server.answers()

    assert await eventually(answers)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reads_and_writes_rows_of_its_own_and_nothing_else(
    mysql: MySQL, worker: str, service: str
) -> None:
    secrets, suffix = new_secrets(), f"_rights_{worker}"
    bootstrap(mysql.url(), secrets, suffix=suffix)
    bootstrap(mysql.url(), secrets, suffix=suffix)  # again is harmless

    def as_account(account: str, statement: str, database: str) -> Any:
        password = secrets[f"{account}_password"]
        return query(mysql, statement, user=account + suffix, password=password, database=database + suffix)

    as_account(f"{service}_migrator", f"CREATE TABLE IF NOT EXISTS {service} (id INT PRIMARY KEY)", service)
    as_account(service, f"REPLACE INTO {service} VALUES (1)", service)
    assert as_account(service, f"SELECT id FROM {service}", service) == ((1,),)
    with pytest.raises(pymysql.err.OperationalError, match="denied"):
        as_account(service, f"DROP TABLE {service}", service)
    for other in set(SERVICES) - {service}:
        with pytest.raises(pymysql.err.OperationalError, match="denied"):
            as_account(service, "SELECT 1", other)
