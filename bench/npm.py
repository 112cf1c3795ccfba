"""The packages of the peers that are written in JavaScript: exactly those of their lock files."""

import shutil
from pathlib import Path

from bench.golang import PEERS
from tools import packages
from tools.prepare import STATE, digest, holds, run


def install(name: str) -> Path:
    """The folder of a peer, with its packages; what is there already costs nothing."""
    folder = PEERS / name
    if shutil.which("npm") is None:
        packages.install("nodejs", "npm")
    stamp, state = STATE / "bench" / f"{name}.installed", digest(folder / "package-lock.json")
    if not (holds(stamp, state) and (folder / "node_modules").is_dir()):
        run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, advice="Is the package registry reachable?")
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(state)
    return folder
