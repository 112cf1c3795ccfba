"""What a new installation needs before its first migration: secrets, databases and least-privilege accounts.

Each service has one database and two accounts on it. The service's own account reads and writes rows; the
migrator's may also change the schema. So a service that is taken over can neither drop a table nor look into
another service's database. Everything here may be run again at any time.
"""

import argparse
import base64
import json
import os
import secrets as chance
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pymysql
from pymysql.cursors import Cursor

SERVICES = ("auth", "todo", "chat")
ROWS = "SELECT, INSERT, UPDATE, DELETE"
SCHEMA = f"{ROWS}, CREATE, ALTER, DROP, INDEX, REFERENCES"


def account_names(service: str) -> dict[str, str]:
    """The accounts of a service, with what each may do on the service's database."""
    return {service: ROWS, f"{service}_migrator": SCHEMA}


def new_secrets() -> dict[str, str]:
    """Every secret of an installation, by name: one password per account and the keys of the services."""
    accounts = [account for service in SERVICES for account in account_names(service)]
    return {
        **{f"{account}_password": chance.token_urlsafe(24) for account in accounts},
        "service_key": chance.token_urlsafe(48),
        "refresh_key": chance.token_urlsafe(48),
        "key_encryption_key": base64.b64encode(chance.token_bytes(32)).decode(),
    }


def read_or_make_secrets(path: Path) -> dict[str, str]:
    """The secrets in a file only its owner can read; those it lacks are made, those it has are kept."""
    held: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    complete = {**new_secrets(), **held}
    if complete != held:
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(complete, file, indent=2)
        draft.rename(path)
    return complete


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
    )
    with connection, connection.cursor() as cursor:
        for service in SERVICES:
            database = f"{service}{suffix}"
            cursor.execute(
                f"CREATE DATABASE IF NOT EXISTS `{database}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
            )
            for account, privileges in account_names(service).items():
                _account(
                    cursor, f"{account}{suffix}", host, secrets[f"{account}_password"], database, privileges
                )


def _account(cursor: Cursor, name: str, host: str, password: str, database: str, privileges: str) -> None:
    who = (name, host)
    cursor.execute("CREATE USER IF NOT EXISTS %s@%s IDENTIFIED BY %s", (*who, password))
    cursor.execute("ALTER USER %s@%s IDENTIFIED BY %s", (*who, password))
    # In a grant an underscore of the database's name is a wildcard; escaped, it means itself.
    pattern = database.replace("_", r"\_")
    cursor.execute(f"GRANT {privileges} ON `{pattern}`.* TO %s@%s", who)


def main(arguments: list[str]) -> int:
    """`TODOLIST_ROOT_URL=mysql://root:…@host python -m common.bootstrap --secrets FILE`."""
    parser = argparse.ArgumentParser(prog="python -m common.bootstrap", description=__doc__.splitlines()[0])
    parser.add_argument("--secrets", type=Path, required=True, help="JSON file; made when it is not there")
    options = parser.parse_args(arguments)
    root_url = os.environ.get("TODOLIST_ROOT_URL")
    if not root_url:
        parser.error("set TODOLIST_ROOT_URL to mysql://root:password@host:port")
    try:
        bootstrap(root_url, read_or_make_secrets(options.secrets))
    except pymysql.MySQLError as error:
        sys.stderr.write(f"The databases could not be prepared: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
