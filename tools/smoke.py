"""`make k8s-smoke URL=…`: the HTTP main job against a system that runs, wherever it runs.

Two people share a list, tick, talk, are away, come back and part. It leaves behind two accounts named by
chance and their list. Standard library only.
"""

import argparse
import os
import socket
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from tools.console import FailedError, heading, report, say
from tools.prepare import ROOT, prepare
from tools.test import run_pytest

MAIN_JOB = "tests/api/test_main_job.py"


def main() -> int:
    """`python3 -m tools.smoke URL`."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.smoke", description=__doc__)
    parser.add_argument("url", help="such as http://192.168.49.2:30080")
    url = parser.parse_args().url
    os.chdir(ROOT)
    try:
        allowed = addresses(url)
        prepare("python")
    except FailedError as failure:
        report(failure)
        return 1
    heading(f"The main job on {url}")
    # Tests reach nothing but this machine unless told otherwise.
    chosen = [f"--system={url}", f"--allow-hosts={','.join(allowed)}", MAIN_JOB]
    with tempfile.TemporaryDirectory(prefix="todolist-results-") as directory:
        outcome = run_pytest(chosen, Path(directory) / "smoke.xml")
    say(f"\n{outcome['passed']} passed, {outcome['failed']} failed")
    return 1 if outcome["failed"] or not outcome["passed"] else 0


def addresses(url: str) -> list[str]:
    """The host of an address, by name and by number."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FailedError(f"{url!r} is not an address.", "Say it as http://host:port.")
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 80, proto=socket.IPPROTO_TCP)
    except socket.gaierror as error:
        raise FailedError(f"{parts.hostname} is not known: {error}", "Is it spelt right?") from None
    return [parts.hostname, *dict.fromkeys(str(entry[4][0]) for entry in found)]


if __name__ == "__main__":
    sys.exit(main())
