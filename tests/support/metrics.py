"""The metrics that services declare, and what a running process says of them."""

import importlib

import httpx
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

DECLARING = {"common": "common.metrics", "auth": "auth.metrics", "todo": "todo.metrics"}


def declared() -> dict[str, Metric]:
    """Every metric of our own, by its name as Prometheus shows it."""
    found: dict[str, Metric] = {}
    for module in DECLARING.values():
        for value in vars(importlib.import_module(module)).values():
            if isinstance(value, Counter | Gauge | Histogram):
                for family in value.describe():
                    found[family.name + ("_total" if family.type == "counter" else "")] = family
    return found


async def scrape(url: str) -> list[Sample]:
    """What a process answers at /metrics."""
    async with httpx.AsyncClient(base_url=url) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200, answer.text
    return [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]
