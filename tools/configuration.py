"""Makes docs/configuration.md and its Chinese twin from the settings classes, so that neither can forget one.

Chinese descriptions stand in configuration.zh-TW.json, by the English ones: a setting that is new, or whose
description has changed, has none, and nothing is written. `--check` only says whether the pages are stale.
"""

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

ROOT = Path(__file__).resolve().parents[1]
SERVICES = ("auth", "todo", "chat")
PREFIX = "TODOLIST_"
PLACES = {"en": ROOT / "docs/configuration.md", "zh-TW": ROOT / "docs/configuration.zh-TW.md"}
TRANSLATIONS = Path(__file__).with_name("configuration.zh-TW.json")

TITLE = "Configuration"
ABOUT = (
    "Every setting is an environment variable, read once when a process starts.",
    "A process that lacks settings, or has wrong ones, names them all and leaves with status 2.",
    "A server and its worker (`python -m <service>`, `python -m <service> work`) read the same settings.",
    "`make gen` makes this page from the settings classes.",
)
HEADS = ("Variable", "Type", "Default", "What it says")
REQUIRED = "required"
SECTIONS = {"common": "Every service", "auth": "Only auth", "todo": "Only todo", "chat": "Only chat"}
OTHERS: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "One-shots": (
        (
            "TODOLIST_MIGRATION_URL",
            "secret",
            "TODOLIST_DATABASE_URL",
            "migrate: the account that may change the schema",
        ),
        (
            "TODOLIST_MIGRATION_WAIT",
            "number",
            "300",
            "migrate: seconds to wait for MySQL and for the bootstrap",
        ),
        ("TODOLIST_ROOT_URL", "secret", "", "bootstrap: mysql://root:password@host:port"),
        ("TODOLIST_BOOTSTRAP_SECONDS", "number", "600", "bootstrap: seconds to wait for MySQL"),
        ("TODOLIST_SECRET_<NAME>", "secret", "", "bootstrap --environment: the password of each account"),
    ),
    "Traces (OpenTelemetry's own names)": (
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "text",
            "",
            "where traces go, by OTLP over HTTP; none: nothing is traced",
        ),
        ("OTEL_EXPORTER_OTLP_HEADERS", "secret", "", "headers for it, name=value, comma-separated"),
        ("OTEL_TRACES_SAMPLER", "text", "parentbased_always_on", "which requests are traced"),
        ("OTEL_TRACES_SAMPLER_ARG", "text", "", "for traceidratio: the share, 0 to 1"),
        ("OTEL_SDK_DISABLED", "yes or no", "false", "true: nothing is traced after all"),
    ),
}
NAMED = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "yes or no",
    "array": "list",
}

Row = tuple[str, str, str, str]


class UntranslatedError(Exception):
    """A text has no translation, or a translation no text."""


class Words:
    """The texts of one language; remembers which of them were used."""

    def __init__(self, language: str) -> None:
        self._table: dict[str, str] | None = None
        self.missing: dict[str, None] = {}
        self._used: set[str] = set()
        if language != "en":
            self._table = json.loads(TRANSLATIONS.read_text(encoding="utf-8"))

    def __call__(self, text: str) -> str:
        """The text in this language."""
        if self._table is None or not text:
            return text
        self._used.add(text)
        if text not in self._table:
            self.missing[text] = None
        return self._table.get(text, text)

    def check(self) -> None:
        """All that was asked for is there, and nothing else."""
        unused = sorted((self._table or {}).keys() - self._used)
        if self.missing or unused:
            wrong = [f"no translation: {text!r}" for text in self.missing]
            wrong += [f"translates nothing any more: {text!r}" for text in unused]
            raise UntranslatedError(f"{TRANSLATIONS.name}:\n  " + "\n  ".join(wrong))


def page(language: str) -> str:
    """The page in one language."""
    words = Words(language)
    lines = [f"# {words(TITLE)}", "", *(words(sentence) for sentence in ABOUT)]
    for service, title in SECTIONS.items():
        if rows := list(_rows(service, words)):
            lines += ["", f"## {words(title)}", "", *_table(rows, words)]
    for title, others in OTHERS.items():
        rows = [
            (f"`{name}`", words(kind), f"`{default}`" if default else "", words(text))
            for name, kind, default, text in others
        ]
        lines += ["", f"## {words(title)}", "", *_table(rows, words)]
    words.check()
    return "\n".join(lines) + "\n"


def fields(service: str) -> dict[str, FieldInfo]:
    """The settings that a service has beyond those of all; those of all for "common"."""
    common = _class("common", "ServiceSettings").model_fields
    if service == "common":
        return dict(common)
    return {k: v for k, v in _class(service, "Settings").model_fields.items() if k not in common}


def _class(package: str, name: str) -> Any:
    return getattr(import_module(f"{package}.settings"), name)


def _rows(service: str, words: Words) -> Iterator[Row]:
    settings = _class(service, "ServiceSettings" if service == "common" else "Settings")
    schema = settings.model_json_schema()["properties"]
    for name, field in fields(service).items():
        if not field.description:
            raise UntranslatedError(f"{name} of {service} says nothing of itself")
        default = f"**{words(REQUIRED)}**" if field.is_required() else _default(field)
        yield f"`{PREFIX}{name.upper()}`", _type(schema[name], words), default, words(field.description)


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    return f"`{json.dumps(value).strip(chr(34))}`" if value not in ("", []) else ""


def _type(schema: dict[str, Any], words: Words) -> str:
    if schema.get("format") == "password":
        return words("secret")
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    low, high = schema.get("minimum"), schema.get("maximum")
    more_than = schema.get("exclusiveMinimum")
    least = f"≥ {low}" if low is not None else f"> {more_than}" if more_than is not None else ""
    limits = ", ".join(part for part in (least, f"≤ {high}" if high is not None else "") if part)
    return words(NAMED[schema["type"]]) + (f" {limits}" if limits else "")


def _table(rows: list[Row], words: Words) -> list[str]:
    head = "| " + " | ".join(words(text) for text in HEADS) + " |"
    return [head, "|---" * len(HEADS) + "|", *("| " + " | ".join(row) + " |" for row in rows)]


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` compare them with what is there."""
    sys.path[:0] = [str(ROOT / "services" / name) for name in ("common", *SERVICES)]
    try:
        made = {place: page(language) for language, place in PLACES.items()}
    except UntranslatedError as error:
        print(error, file=sys.stderr)
        return 1
    stale = [place for place, text in made.items() if not place.exists() or place.read_text("utf-8") != text]
    for place in stale:
        if "--check" in arguments:
            print(f"{place.relative_to(ROOT)} is stale: run `make gen`", file=sys.stderr)
        else:
            place.write_text(made[place], "utf-8")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
