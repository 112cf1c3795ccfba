"""Alerts and the dashboard name only what exists; each alert fires when it should and says what to do."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from tests.manifests.alert_cases import CASES, FURTHER, HEALTHY, QUIET, Said
from tests.support.metrics import declared
from tools import dashboard, packages
from tools.prepare import STATE

ROOT = Path(__file__).resolve().parents[2]
FILES = ROOT / "k8s/components/observability/files"
RULES = FILES / "alerts.yml"
OPERATIONS = ROOT / "docs/operations.md"
PROMETHEUS = {"up", "ALERTS"}  # what Prometheus itself makes
ENDINGS = {"histogram": ("_bucket", "_count", "_sum"), "counter": ("_total",), "gauge": ("",)}
CONFIGURATIONS = {"k8s": FILES / "prometheus.yml", "compose": ROOT / "observability/prometheus.yml"}


def rules() -> list[dict[str, Any]]:
    """The alert rules."""
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def series() -> set[str]:
    """Every series that a process of ours can show, by name."""
    families = [*declared().values(), *(f for f in REGISTRY.collect() if f.name.startswith("process_"))]
    return {family.name + ending for family in families for ending in ENDINGS[family.type]} | PROMETHEUS


def names_in(expression: str) -> set[str]:
    """The series that an expression asks for: what is no function, label or text."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]', " ", expression)
    bare = re.sub(r"\b(by|without|on|ignoring)\s*\([^)]*\)", " ", bare)
    bare = re.sub(r"\boffset \w+", " ", bare)
    words = re.findall(r"[a-zA-Z_][a-zA-Z0-9_]*(?!\s*\()\b(?!\s*\()", bare)
    return {word for word in words if word not in {"and", "or", "unless", "by", "bool"}}


def promtool(*arguments: str | Path) -> str:
    """What promtool says; it must be content."""
    packages.promtool(STATE)
    done = subprocess.run(
        [str(packages.find_promtool(STATE)), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_names_are_found_in_expressions() -> None:
    assert names_in('sum by (job) (rate(a_total{x="b_total"}[5m])) / max(c) > 1 and d == 1') == {
        "a_total",
        "c",
        "d",
    }


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_an_alert_names_what_exists_and_says_what_to_do(rule: dict[str, Any]) -> None:
    assert names_in(rule["expr"]) <= series()
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert len(rule["annotations"]["summary"]) > 20
    name = rule["alert"]
    assert rule["annotations"]["runbook"] == f"docs/operations.md#{name.lower()}"
    section = re.search(rf"^### {name}\n(.*?)(?=^#|\Z)", OPERATIONS.read_text(), flags=re.M | re.S)
    assert section is not None
    assert section[1].strip().lower().startswith(rule["labels"]["severity"])
    assert len(section[1]) > 150


def test_no_paragraph_is_left_over() -> None:
    text = OPERATIONS.read_text().partition("\n## Alerts\n")[2].partition("\n## ")[0]
    assert re.findall(r"^### (\w+)$", text, flags=re.M) == [rule["alert"] for rule in rules()]


def test_the_dashboard_names_what_exists_and_is_up_to_date() -> None:
    assert dashboard.PLACE.read_text(encoding="utf-8") == dashboard.text(), "run `make gen`"
    panels = json.loads(dashboard.PLACE.read_text(encoding="utf-8"))["panels"]
    asked = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    assert len(asked) > 30
    shown = set().union(*(names_in(expression) for expression in asked))
    assert shown <= series()
    own = {family.name + ("_total" if family.type == "counter" else "") for family in declared().values()}
    seen = {re.sub(r"_(bucket|count|sum)$", "", name) for name in shown}
    assert own == seen & own, f"not on the dashboard: {own - seen}"


def test_prometheus_takes_the_configurations(tmp_path: Path) -> None:
    jobs = {}
    for name, path in CONFIGURATIONS.items():
        (tmp_path / name).mkdir()
        shutil.copy(path, tmp_path / name / "prometheus.yml")
        shutil.copy(RULES, tmp_path / name / "alerts.yml")
        assert "SUCCESS" in promtool("check", "config", tmp_path / name / "prometheus.yml")
        configured = yaml.safe_load(path.read_text())["scrape_configs"]
        jobs[name] = [each["job_name"] for each in configured]
    assert jobs["k8s"] == jobs["compose"]
    workloads = re.findall(r'job="([a-z-]+)"', RULES.read_text())
    assert set(workloads) == set(jobs["compose"])


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_an_alert_has_the_labels_that_its_summary_names(rule: dict[str, Any]) -> None:
    named = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    for said in CASES[rule["alert"]][1]:
        assert {name for name, value in said.labels.items() if value} >= named


def test_each_alert_fires_when_it_should_and_only_then(tmp_path: Path) -> None:
    """And says then what it should: an empty name in a summary helps nobody."""
    assert sorted(CASES) == sorted(rule["alert"] for rule in rules())
    quiet = [_case(name, changed, {}) for name, changed in QUIET.items()]
    loud = [_case(alert, changed, {alert: said}) for alert, (changed, said) in CASES.items()]
    more = [_case(alert, changed, {alert: [said]}) for alert, changed, said in FURTHER]
    path = tmp_path / "tests.yml"
    path.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "tests": [*quiet, *loud, *more]}))
    promtool("test", "rules", path)


def _case(name: str, changed: dict[str, str], alerts: dict[str, list[Said]]) -> dict[str, Any]:
    firing = [{"labels": f'{{alertname="{alert}"}}', "value": len(said)} for alert, said in alerts.items()]
    query = 'count by (alertname) (ALERTS{alertstate="firing"})'
    ruled = {rule["alert"]: rule for rule in rules()}
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": key, "values": value} for key, value in (HEALTHY | changed).items()],
        "promql_expr_test": [{"expr": query, "eval_time": "60m", "exp_samples": firing}],
        "alert_rule_test": [
            {
                "eval_time": "60m",
                "alertname": alert,
                "exp_alerts": [
                    {
                        "exp_labels": ruled[alert]["labels"] | each.labels,
                        "exp_annotations": ruled[alert]["annotations"] | {"summary": each.summary},
                    }
                    for each in said
                ],
            }
            for alert, said in alerts.items()
        ],
    }
