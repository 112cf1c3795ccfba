"""Building the peers that are written in Go: without a network, from Debian's libraries."""

import os
from pathlib import Path

from tools.packages import GOCODE
from tools.prepare import ROOT, STATE, digest, holds, run

PEERS = ROOT / "bench" / "peers"


def build(name: str) -> Path:
    """The program of bench/peers/<name>/ or bench/<name>/; what is built already is taken as it is."""
    sources = sorted([*(PEERS / name).glob("*.go"), *(PEERS.parent / name).glob("*.go")])
    folder = STATE / "bench"
    program, stamp, state = folder / name, folder / f"{name}.built", digest(*sources)
    if program.exists() and holds(stamp, state):
        return program
    folder.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "GO111MODULE": "off",  # Debian's libraries are found by path, not by module
        "GOPATH": str(GOCODE.parents[1]),
        "GOCACHE": str(folder / "go-cache"),
        "GOFLAGS": "",
        "CGO_ENABLED": "0",
    }
    run(
        ["go", "build", "-o", program, *sources],
        advice="Are the packages of tools/packages.py, _GO_LIBRARIES, installed?",
        env=environment,
    )
    stamp.write_text(state)
    return program
