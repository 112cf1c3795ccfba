"""Databases, accounts and schema of the development stack; runs inside the virtual environment."""

import argparse
import os
import sys
from pathlib import Path

from common.bootstrap import SERVICES, account_names, bootstrap, read_or_make_secrets
from common.migrate import migrate


def main() -> int:
    """`TODOLIST_ROOT_URL=mysql://root:…@host python -m tools.databases --secrets FILE`."""
    parser = argparse.ArgumentParser(prog="python -m tools.databases", description=__doc__)
    parser.add_argument("--secrets", type=Path, required=True)
    secrets = read_or_make_secrets(parser.parse_args().secrets)
    root_url = os.environ["TODOLIST_ROOT_URL"]
    bootstrap(root_url, secrets, host="localhost")
    for service in SERVICES:
        account = next(name for name in account_names(service) if name != service)
        place = root_url.rpartition("@")[2].rstrip("/")
        migrate(service, f"mysql://{account}:{secrets[f'{account}_password']}@{place}/{service}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
