"""What was measured, kept as JSON beside the document that is made of it; a partial run replaces its part."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bench import machine
from bench.job import Job, Sample
from tools.prepare import ROOT

FILE = ROOT / "docs" / "bench" / "results.json"


@dataclass
class Measured:
    """One contestant's samples, in the order of the rounds."""

    name: str
    about: str
    samples: list[Sample] = field(default_factory=list)


class Results:
    """All jobs' samples, by the name of the job, and the machine that they were taken on."""

    def __init__(self, jobs: dict[str, list[Measured]], machines: dict[str, dict[str, str]]) -> None:
        self.jobs = jobs
        self.machines = machines

    @classmethod
    def load(cls) -> "Results":
        """Those of earlier runs."""
        if not FILE.exists():
            return cls({}, {})
        held = json.loads(FILE.read_text())
        return cls(
            {name: [_measured(each) for each in of] for name, of in held["jobs"].items()}, held["machines"]
        )

    def put(self, job: Job, measured: Sequence[Measured]) -> None:
        """Replace a job's."""
        self.jobs[job.name] = list(measured)
        self.machines[job.name] = machine.describe()

    def save(self) -> None:
        """Write them, in one form whatever the order of the runs was."""
        FILE.parent.mkdir(parents=True, exist_ok=True)
        jobs = {name: [_rounded(asdict(each)) for each in self.jobs[name]] for name in sorted(self.jobs)}
        held = {"machines": {name: self.machines[name] for name in sorted(self.machines)}, "jobs": jobs}
        FILE.write_text(json.dumps(held, indent=1, ensure_ascii=False) + "\n")


def _measured(held: dict[str, Any]) -> Measured:
    return Measured(held["name"], held["about"], [Sample(**sample) for sample in held["samples"]])


def _rounded(value: Any) -> Any:
    match value:
        case float():
            return float(f"{value:.5g}")
        case dict():
            return {name: _rounded(each) for name, each in value.items()}
        case list():
            return [_rounded(each) for each in value]
    return value
