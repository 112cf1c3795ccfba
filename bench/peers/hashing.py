"""argon2id alone, on all cores: `python -m bench.peers.hashing SECONDS` says how many passwords it verified,
in how many seconds, with how much CPU time.

The parameters are auth's, from the same settings.
"""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher

from auth.settings import Settings

PASSWORD = "correct horse battery staple"  # noqa: S105 - nobody's


def verify_for(seconds: float) -> int:
    """How many verifications as many threads as there are cores finish in that time."""
    fields = Settings.model_fields
    memory, passes = fields["argon2_memory_kib"].default, fields["argon2_time_cost"].default
    hasher = PasswordHasher(time_cost=passes, memory_cost=memory, parallelism=1)
    known = hasher.hash(PASSWORD)
    end = time.monotonic() + seconds

    def work() -> int:
        count = 0
        while time.monotonic() < end:
            hasher.verify(known, PASSWORD)
            count += 1
        return count

    threads = len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(threads) as pool:
        return sum(future.result() for future in [pool.submit(work) for _ in range(threads)])


if __name__ == "__main__":
    begun = time.monotonic()
    verified = verify_for(float(sys.argv[1]))
    sys.stdout.write(f"{verified} {time.monotonic() - begun} {time.process_time()}\n")
