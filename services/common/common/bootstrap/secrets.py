"""The secrets of an installation, and two of the places that may hold them: a file and the environment."""

import base64
import fcntl
import json
import os
import secrets as chance
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from common.bootstrap.databases import BACKUP, SERVICES, account_names
from common.settings import PREFIX

ACCOUNTS = (*(account for service in SERVICES for account in account_names(service)), BACKUP)


class IncompleteError(Exception):
    """Where the secrets should be held, some are missing; the message names them all."""


def new_secrets() -> dict[str, str]:
    """Every secret of an installation, by name: one password per account and the keys of the services."""
    return {
        **{f"{account}_password": chance.token_urlsafe(24) for account in ACCOUNTS},
        "mysql_root_password": chance.token_urlsafe(24),
        "redis_password": chance.token_urlsafe(24),
        "service_key": chance.token_urlsafe(48),
        "refresh_key": chance.token_urlsafe(48),
        "key_encryption_key": base64.b64encode(chance.token_bytes(32)).decode(),
    }


def read_or_make_secrets(path: Path) -> dict[str, str]:
    """The secrets in a file only its owner can read; those it lacks are made, those it has are kept."""
    with _alone_in(path.parent):
        held: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        complete = {**new_secrets(), **held}
        if complete != held:
            draft = path.with_suffix(".new")
            draft.unlink(missing_ok=True)
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump(complete, file, indent=2)
            draft.rename(path)
    return complete


def read_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The passwords of the accounts, from TODOLIST_SECRET_<NAME>: all that databases and accounts need."""
    variables = {f"{account}_password": f"{PREFIX}SECRET_{account.upper()}_PASSWORD" for account in ACCOUNTS}
    missing = [variable for variable in variables.values() if not environment.get(variable)]
    if missing:
        listed = "".join(f"\n  {variable}: missing" for variable in missing)
        raise IncompleteError(f"The secrets are not complete. Set these environment variables:{listed}")
    return {name: environment[variable] for name, variable in variables.items()}


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """Two that find no file would each make secrets, and one would go on with those that were overwritten."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
