"""What `make check-deploy` makes of what the checkers say; the checkers themselves are not run here."""

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tools import audit, check_deploy
from tools.audit import Advisory, Outcome, excepted, judge, read_npm, read_pip

UNKNOWN = "WARN a.yaml Couldn't find schema for kind {} with api version {} for kubernetes version 1.34"


def test_only_listed_kinds_may_have_no_schema() -> None:
    route = UNKNOWN.format("HTTPRoute", "gateway.networking.k8s.io/v1")
    removed = UNKNOWN.format("HorizontalPodAutoscaler", "autoscaling/v2beta2")
    assert check_deploy.judge_validation(Outcome("passed", f"INFO fine\n{route}\n")).state == "passed"
    judged = check_deploy.judge_validation(Outcome("passed", f"INFO fine\n{route}\n{removed}\n"))
    assert judged == Outcome("failed", removed)
    assert check_deploy.judge_validation(Outcome("failed", "ERROR spec.x is no field")).state == "failed"


def test_each_object_is_validated_once(tmp_path: Path) -> None:
    first, second, third = (tmp_path / name for name in ("a.yaml", "b.yaml", "c.yaml"))
    first.write_text("kind: A\n---\nkind: B\n")
    second.write_text("kind: A\n---\nkind: C\n---\nkind: B\n")
    third.write_text("kind: B\n---\nkind: A\n")
    files = check_deploy.differences([first, second, third])
    assert [path.read_text().strip() for path in files] == ["kind: A\n---\nkind: B", "kind: C"]


def test_an_advisory_needs_an_exception_by_any_of_its_ids() -> None:
    found = [Advisory(frozenset({"PYSEC-1", "CVE-1"}), "ecdsa 1: PYSEC-1")]
    assert judge(found, {}, "pip") == Outcome("failed", "ecdsa 1: PYSEC-1")
    assert judge(found, {"CVE-1": "why"}, "pip").state == "passed"


def test_an_exception_that_excuses_nothing_is_to_be_taken_out() -> None:
    judged = judge([], {"CVE-1": "why"}, "npm")
    assert judged.state == "failed"
    assert "[npm] CVE-1 excuses nothing any more" in judged.said


def test_every_exception_has_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for table in ("pip", "npm", "npm-development"):
        assert all(len(reason) > 40 for reason in excepted(table).values())
    bare = tmp_path / ".audit.toml"
    bare.write_text('[pip]\nCVE-1 = " "\n')
    monkeypatch.setattr(audit, "EXCEPTIONS", bare)
    with pytest.raises(AssertionError, match="CVE-1 has no reason"):
        excepted("pip")


def test_reading_what_both_audits_find() -> None:
    """A package that only depends on a vulnerable one is not reported again."""
    pip = {
        "dependencies": [
            {"name": "fine", "version": "1", "vulns": []},
            {
                "name": "bad",
                "version": "2",
                "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["3"]}],
            },
        ]
    }
    assert list(read_pip(pip)) == [
        Advisory(frozenset({"PYSEC-1", "CVE-1"}), "bad 2: PYSEC-1, mended in 3"),
    ]
    advisory = {
        "name": "bad",
        "range": "<3",
        "url": "https://github.com/advisories/GHSA-a-b",
        "severity": "high",
        "title": "It is bad",
    }
    npm = {"vulnerabilities": {"bad": {"via": [advisory]}, "above": {"via": ["bad"]}}}
    line = "bad <3: GHSA-a-b, high: It is bad"
    assert list(read_npm(npm)) == [Advisory(frozenset({"GHSA-a-b"}), line)]


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("npm error audit endpoint returned an error", "not asked"),
        ("requests.exceptions.ConnectionError: Max retries exceeded", "not asked"),
        ("npm error code EUSAGE: there is no lock file", "failed"),
        ("", "failed"),
    ],
)
def test_out_of_reach_and_broken_are_not_the_same(tmp_path: Path, said: str, state: str) -> None:
    found = audit._answer([sys.executable, "-c", f"import sys; sys.exit({said!r})"], tmp_path)
    assert isinstance(found, Outcome)
    assert found.state == state


@pytest.mark.parametrize(
    ("skipped", "state"),
    [("Dependency not found on PyPI and could not be audited", "not asked"), ("odd version", "failed")],
)
def test_a_package_that_was_skipped_is_no_pass(
    monkeypatch: pytest.MonkeyPatch, skipped: str, state: str
) -> None:
    """pip-audit ends with status 0 when it could look up nothing at all."""
    answer = {"dependencies": [{"name": "x", "skip_reason": skipped}], "fixes": []}
    monkeypatch.setattr(audit, "_pip_audit", lambda *_: answer)
    assert audit.pip_audit().state == state


def program(tmp_path: Path, answer: dict[str, Any]) -> list[str]:
    (tmp_path / "answer.json").write_text(json.dumps(answer))
    return [sys.executable, "-c", "print(open('answer.json').read()); raise SystemExit(1)"]


def test_an_answer_counts_whatever_the_status(tmp_path: Path) -> None:
    """Both audits end with 1 when they have found something."""
    answer: dict[str, Any] = {"vulnerabilities": {}}
    assert audit._answer(program(tmp_path, answer), tmp_path) == answer


@pytest.mark.parametrize(
    ("states", "strict", "status"),
    [
        (["passed", "passed"], True, 0),
        (["passed", "not asked"], False, 0),
        (["passed", "not asked"], True, 1),
        (["failed", "passed"], False, 1),
    ],
)
def test_all_checks_run_and_all_failures_are_listed(
    capsys: pytest.CaptureFixture[str], states: list[Any], strict: bool, status: int
) -> None:
    checks: dict[str, Callable[[], Outcome]] = {
        f"check {number}": partial(Outcome, state, "why") for number, state in enumerate(states)
    }
    assert check_deploy.run_all(checks, strict=strict) == status
    said = capsys.readouterr().out
    assert f"{states.count('passed')} of 2 checks passed" in said
    assert said.count("      why") == 2 - states.count("passed")
    assert ("so nothing is known: check 1" in said) == ("not asked" in states)


def test_a_program_that_is_missing_or_fails_is_a_failure() -> None:
    assert check_deploy.run("no-such-program").state == "failed"
    assert check_deploy.run(sys.executable, "-c", "raise SystemExit('bad')") == Outcome("failed", "bad\n")
