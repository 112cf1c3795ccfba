"""`make bench`: run the jobs, show their tables, write docs/performance.md and its plots."""

import argparse
import os
import signal
import sys

from bench import document, jobs, rounds
from bench.arena import arena
from bench.job import Job, WrongAnswerError
from bench.results import Results
from bench.table import show
from tools.console import TERMINAL, FailedError, report, say
from tools.prepare import ROOT, prepare
from tools.stack import StartError


def main() -> int:
    """`python -m bench [--only=page,fanout] [--rounds=5] [--short] [--render]`."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--only", default="", help="jobs whose names begin so, comma-separated; all when empty"
    )
    parser.add_argument("--rounds", type=int, default=5, choices=range(1, 21), metavar="1…20")
    parser.add_argument("--short", action="store_true", help="only see that everything runs; writes nothing")
    parser.add_argument(
        "--render", action="store_true", help="only write the document, from the last results"
    )
    arguments = parser.parse_args()
    os.chdir(ROOT)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        chosen = [] if arguments.render else _chosen(arguments.only)
        prepare("servers", "bench")
        return _run(chosen, arguments.rounds, short=arguments.short)
    except KeyboardInterrupt:
        return 130
    except FailedError as failure:
        report(failure)
        return 1


def _chosen(only: str) -> list[Job]:
    """The jobs whose names begin with one of these words."""
    found, words = jobs.find(), [word for word in only.split(",") if word]
    for word in words:
        if not any(job.name.startswith(word) for job in found):
            names = ", ".join(job.name for job in found)
            raise FailedError(f"No job is called {word}.", f"These are: {names}.")
    return [job for job in found if not words or any(job.name.startswith(word) for word in words)]


def _run(chosen: list[Job], count: int, *, short: bool) -> int:
    """Run the jobs, each with servers of its own; what fails does not keep the others from running."""
    results = Results.load()
    failed = []
    for job in chosen:
        try:
            with arena(short=short) as ground:
                outcome = rounds.run(job, ground, count, _tell)
        except (WrongAnswerError, StartError) as error:
            failed.append(job.name)
            report(FailedError(f"{job.name}: {error}", "A figure of a contestant that fails means nothing."))
            continue
        _tell("")
        show(job, outcome)
        results.put(job, outcome)
    if not short:
        results.save()
        document.write(results, jobs.find())
    if failed:
        say(f"\n{len(failed)} of {len(chosen)} jobs failed: {', '.join(failed)}")
    return 1 if failed else 0


def _tell(text: str) -> None:
    """What is being done, on one line that is written over; nothing where nobody watches."""
    if TERMINAL:
        sys.stdout.write(f"\r\x1b[K{text}")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
