"""A service of ours in which each request has a transaction of its own: what sharing one gives.
`python -m bench.peers.one_by_one todo|chat`."""

import runpy
import sys

from common.log import writer

if __name__ == "__main__":
    writer.BATCH = 1
    runpy.run_module(sys.argv.pop(1), run_name="__main__")
