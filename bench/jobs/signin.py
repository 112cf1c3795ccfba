"""Signing in: how near it comes to argon2id alone, and whether others still get through."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from bench.arena import Arena
from bench.job import OURS, Contestant, Goal, Job, Sample
from bench.load import Load, Request
from bench.world import PASSWORD
from tools.stack.service import ROOT, Service

ALONE, BESIDE, QUIET = "argon2id, bare", "sign-ins and others", "nobody signs in"
OTHER_REQUESTS = "200 other requests a second: `GET /api/auth/me`"
CLIENTS = 16
PACE = 20  # milliseconds between two of the other requests of a connection
OTHERS = 4  # connections that send them


@contextlib.contextmanager
def _open(arena: Arena) -> Iterator[Sequence[Contestant]]:
    with arena.world() as world:
        # Passwords may use all cores: a replica that has had them from the start makes a thread for each.
        auth = world.replica("auth", arena.cores.both)
        people = world.people(2 if arena.short else CLIENTS)
        signing_in = _sign_in(arena, auth, [person.email for person in people])
        others = Load(
            arena,
            auth.url,
            [auth.process.pid],
            [Request("/api/auth/me", people[0].token)],
            connections=OTHERS,
            pause=PACE,
        )
        signing_in.check()

        def both(seconds: float) -> Sample:
            with ThreadPoolExecutor(1) as pool:
                meanwhile = pool.submit(others.measure, seconds)
                return _beside(signing_in.measure(seconds), meanwhile.result())

        def quiet(seconds: float) -> Sample:
            return _beside(Sample(0, seconds), others.measure(seconds))

        yield [
            Contestant(
                OURS,
                "account read, password verified, session and audit written, token signed",
                signing_in.measure,
            ),
            Contestant(ALONE, "as many threads as cores that verify passwords and do nothing else", _alone),
            Contestant(BESIDE, f"the same, and {OTHER_REQUESTS}", both),
            Contestant(QUIET, f"only {OTHER_REQUESTS}", quiet),
        ]


def _sign_in(arena: Arena, auth: Service, emails: Sequence[str]) -> Load:
    bodies = [json.dumps({"email": email, "password": PASSWORD, "transport": "body"}) for email in emails]
    requests = [Request("/api/auth/sessions", method="POST", body=body) for body in bodies]
    return Load(arena, auth.url, [auth.process.pid], requests, status=201, connections=CLIENTS)


def _beside(sample: Sample, others: Sample) -> Sample:
    figures = {"others_p50": others.p50 or 0, "others_p99": others.p99 or 0}
    return Sample(sample.operations, sample.seconds, sample.cpu_seconds, sample.p50, sample.p99, figures)


def _alone(seconds: float) -> Sample:
    command = [sys.executable, "-m", "bench.peers.hashing", str(seconds)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=seconds + 60)
    count, took, used = (float(word) for word in done.stdout.split())
    return Sample(int(count), took, used)


JOBS = [
    Job(
        "sign-in",
        "Sign in",
        "sign-ins/s",
        _open,
        [Goal(ALONE, least=0.9), Goal(QUIET, most=2, of="others_p99", ours=BESIDE)],
        figures={"others_p50": "others' p50, ms", "others_p99": "others' p99, ms"},
    )
]
