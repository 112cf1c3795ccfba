"""`python -m common.bootstrap`: prepare an installation, wherever its secrets are held."""

import argparse
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import common.bootstrap
from common.bootstrap.databases import BusyError
from common.bootstrap.kubernetes import Cluster, ClusterError, read_or_make, root_url
from common.bootstrap.secrets import IncompleteError, read_environment, read_or_make_secrets
from common.bootstrap.wait import GaveUpError, prepare
from common.settings import PREFIX

ROOT_URL = f"{PREFIX}ROOT_URL"
SECONDS = f"{PREFIX}BOOTSTRAP_SECONDS"


def main(arguments: list[str]) -> int:
    """Status 0: all is there. 1: it could not be made. 2: something was not said."""
    try:
        _run(_parser().parse_args(arguments), os.environ)
    except IncompleteError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except ClusterError as error:
        sys.stderr.write(f"The secrets could not be prepared. {error}\n")
        return 1
    except (GaveUpError, BusyError) as error:
        sys.stderr.write(f"The databases could not be prepared. {error}\n")
        return 1
    _say("Databases and accounts are ready.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m common.bootstrap", description=common.bootstrap.__doc__)
    held = parser.add_mutually_exclusive_group(required=True)
    held.add_argument("--secrets", type=Path, help="secrets in this JSON file; made when it is not there")
    held.add_argument(
        "--environment", action="store_true", help=f"secrets in {PREFIX}SECRET_<NAME>; none are made"
    )
    held.add_argument(
        "--kubernetes", action="store_true", help="in Secrets of this cluster; made when they are not there"
    )
    return parser


def _run(options: argparse.Namespace, environment: Mapping[str, str]) -> None:
    seconds = _seconds(environment)
    deadline = time.monotonic() + seconds
    if options.kubernetes:
        with Cluster(environment, deadline=deadline, say=_say) as cluster:
            secrets = read_or_make(cluster, _say)
        address = root_url(environment, secrets["mysql_root_password"])
    else:
        secrets, address = _held(options, environment)
    prepare(address, secrets, seconds=deadline - time.monotonic(), say=_say)


def _held(options: argparse.Namespace, environment: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """The secrets of the environment or the file, and where the server is; names all that is missing."""
    missing = [] if environment.get(ROOT_URL) else [f"{ROOT_URL}: missing (mysql://root:password@host:port)"]
    try:
        secrets = read_environment(environment) if options.environment else {}
    except IncompleteError as error:
        raise IncompleteError("\n  ".join([str(error), *missing])) from None
    if missing:
        raise IncompleteError(f"Set this environment variable:\n  {missing[0]}")
    return secrets or read_or_make_secrets(options.secrets), environment[ROOT_URL]


def _seconds(environment: Mapping[str, str]) -> float:
    said = environment.get(SECONDS, "600")
    try:
        return float(said)
    except ValueError:
        raise IncompleteError(f"{SECONDS}: not a number of seconds") from None


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
