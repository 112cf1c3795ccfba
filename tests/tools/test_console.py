"""What a command does when it is told to end."""

import signal
import subprocess
import sys

import pytest

from tools.stack.service import ROOT

TOLD = """
import os, signal
from tools.console import end_as_by_ctrl_c
end_as_by_ctrl_c()
said = []
for number in {numbers}:
    try:
        os.kill(os.getpid(), number)
        said.append("went on")
    except KeyboardInterrupt:
        said.append("stopped")
print(said)
"""


@pytest.mark.parametrize(
    ("number", "second"),
    [(signal.SIGTERM, "went on"), (signal.SIGHUP, "went on"), (signal.SIGINT, "stopped")],
)
def test_only_ctrl_c_counts_twice(number: signal.Signals, second: str) -> None:
    """Its whole group gets SIGTERM, and make passes on its own: cleaning up must not be cut short by that."""
    program = TOLD.format(numbers=[int(number)] * 2)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(["stopped", second])
