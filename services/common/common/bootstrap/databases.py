"""The databases of the services and the accounts on them, each with the least it needs.

Each service has one database and two accounts on it. The service's own account reads and writes rows; the
migrator's may also change the schema. So a service that is taken over can neither drop a table nor look into
another service's database. One more account reads all three databases for the backup and changes nothing.
"""

from collections.abc import Mapping
from contextlib import closing
from urllib.parse import unquote, urlsplit

import pymysql
from pymysql.cursors import Cursor

SERVICES = ("auth", "todo", "chat")
BACKUP = "backup"
ROWS = "SELECT, INSERT, UPDATE, DELETE"
SCHEMA = f"{ROWS}, CREATE, ALTER, DROP, INDEX, REFERENCES"
# What mysqldump --single-transaction asks for to write down a whole database, and on the whole server to note
# the place in the binary log at which it did so (a read lock of some milliseconds). RELOAD also allows to
# empty the binary log; but MariaDB, which `make dev` runs, has no other right for the lock.
DUMP = "SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES"
DUMP_PLACE = "FLUSH_TABLES, REPLICATION CLIENT"
DUMP_PLACE_MARIADB = "RELOAD, REPLICATION CLIENT"
CONNECT_SECONDS = 5
LOCK_SECONDS = 120


class BusyError(Exception):
    """Somebody else has been preparing the databases of this server for longer than we wait."""


def account_names(service: str) -> dict[str, str]:
    """The accounts of a service, with what each may do on the service's database."""
    return {service: ROWS, f"{service}_migrator": SCHEMA}


def bootstrap(root_url: str, secrets: Mapping[str, str], *, suffix: str = "", host: str = "%") -> None:
    """Create the databases and accounts that are missing; set each password and grant what each needs.

    `suffix` is added to every name, so that several installations can share a server; `host` limits where the
    accounts may come from.
    """
    address = urlsplit(root_url)
    connection = pymysql.connect(
        host=address.hostname or "127.0.0.1",
        port=address.port or 3306,
        user=unquote(address.username or "root"),
        password=unquote(address.password or ""),
        charset="utf8mb4",
        connect_timeout=CONNECT_SECONDS,
        read_timeout=LOCK_SECONDS + 60,
    )
    with closing(connection), connection.cursor() as cursor:
        # One at a time: two that make the same account at once could each fail half way. Freed by closing.
        cursor.execute("SELECT GET_LOCK(%s, %s)", (f"todolist:bootstrap{suffix}"[:64], LOCK_SECONDS))
        if cursor.fetchone() != (1,):
            raise BusyError("another process has been preparing these databases for two minutes")
        _prepare(cursor, secrets, suffix, host)


def _prepare(cursor: Cursor, secrets: Mapping[str, str], suffix: str, host: str) -> None:
    for service in SERVICES:
        database = f"{service}{suffix}"
        cursor.execute(
            f"CREATE DATABASE IF NOT EXISTS `{database}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        )
        for account, privileges in account_names(service).items():
            who = (f"{account}{suffix}", host)
            _account(cursor, who, secrets[f"{account}_password"])
            _grant(cursor, who, privileges, database)
    who = (f"{BACKUP}{suffix}", host)
    _account(cursor, who, secrets[f"{BACKUP}_password"])
    cursor.execute("SELECT VERSION() LIKE '%MariaDB%'")
    place = DUMP_PLACE_MARIADB if cursor.fetchone() == (1,) else DUMP_PLACE
    cursor.execute(f"GRANT {place} ON *.* TO %s@%s", who)
    for service in SERVICES:
        _grant(cursor, who, DUMP, f"{service}{suffix}")


def _account(cursor: Cursor, who: tuple[str, str], password: str) -> None:
    cursor.execute("CREATE USER IF NOT EXISTS %s@%s IDENTIFIED BY %s", (*who, password))
    cursor.execute("ALTER USER %s@%s IDENTIFIED BY %s", (*who, password))


def _grant(cursor: Cursor, who: tuple[str, str], privileges: str, database: str) -> None:
    # In a grant an underscore of the database's name is a wildcard; escaped, it means itself.
    pattern = database.replace("_", r"\_")
    cursor.execute(f"GRANT {privileges} ON `{pattern}`.* TO %s@%s", who)
