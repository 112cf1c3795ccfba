"""Makes the Grafana dashboard from the table in panels.py.

`--check` writes nothing, and fails when what is in the repository is not what would be written.
"""

import json
import sys
from pathlib import Path
from typing import Any

from tools.panels import ROWS

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / "k8s/components/observability/files/dashboard.json"
SOURCE = {"type": "prometheus", "uid": "prometheus"}
WIDTH, HEIGHT = 24, 7  # of Grafana's grid: a row of panels


def dashboard() -> dict[str, Any]:
    """What Grafana loads."""
    return {
        "uid": "todolist",
        "title": "Todolist",
        "description": "What each alert means: docs/operations.md",
        "tags": ["todolist"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "15s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [_jobs()]},
        "panels": _panels(),
    }


def _jobs() -> dict[str, Any]:
    query = "label_values(up, job)"
    choice = {"multi": True, "includeAll": True, "current": {"text": "All", "value": "$__all"}, "refresh": 2}
    return {
        "name": "job",
        "label": "Process",
        "type": "query",
        "datasource": SOURCE,
        "query": query,
        **choice,
    }


def _panels() -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    y = 0
    for title, panels in ROWS.items():
        made.append({"type": "row", "title": title, "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1}})
        width = WIDTH // len(panels)
        for column, panel in enumerate(panels):
            place = {"x": column * width, "y": y + 1, "w": width, "h": HEIGHT}
            made.append(_panel(*panel, place))
        y += HEIGHT + 1
    return [{"id": number, **panel} for number, panel in enumerate(made, 1)]


def _panel(title: str, unit: str, queries: dict[str, str], place: dict[str, int]) -> dict[str, Any]:
    return {
        "type": "timeseries",
        "title": title,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list"}, "tooltip": {"mode": "multi", "sort": "desc"}},
        "targets": [
            {"refId": chr(ord("A") + number), "expr": query, "legendFormat": legend}
            for number, (legend, query) in enumerate(queries.items())
        ],
    }


def text() -> str:
    """The file: a panel a line, so that a change shows as one."""
    made = dashboard()
    panels = ",\n    ".join(json.dumps(panel) for panel in made.pop("panels"))
    head = json.dumps(made, indent=2).removesuffix("\n}")
    return f'{head},\n  "panels": [\n    {panels}\n  ]\n}}\n'


def main(arguments: list[str]) -> int:
    """Write it, or with `--check` compare it with what is there."""
    if "--check" not in arguments:
        PLACE.write_text(text(), encoding="utf-8")
    elif not PLACE.exists() or PLACE.read_text(encoding="utf-8") != text():
        print(f"{PLACE.relative_to(ROOT)} is stale: run `make gen`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
