"""The configuration reference: every setting is in it, in both languages, and it is up to date."""

import json
from pathlib import Path

import pytest

from tools import configuration
from tools.configuration import PLACES, SECTIONS, UntranslatedError, fields, page


@pytest.mark.parametrize("language", PLACES)
def test_every_setting_is_told_and_the_page_is_up_to_date(language: str) -> None:
    text = page(language)
    names = {name for service in SECTIONS for name in fields(service)}
    assert len(names) > 30
    assert [name for name in names if f"| `TODOLIST_{name.upper()}` |" not in text] == []
    assert PLACES[language].read_text("utf-8") == text, "run `make gen`"


def test_a_setting_without_a_translation_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    table = json.loads(configuration.TRANSLATIONS.read_text("utf-8"))
    table.pop("port to listen on")
    lacking = tmp_path / "lacking.json"
    lacking.write_text(json.dumps(table | {"nobody says this": "x"}), "utf-8")
    monkeypatch.setattr(configuration, "TRANSLATIONS", lacking)
    with pytest.raises(UntranslatedError, match=r"'port to listen on'(.|\n)*'nobody says this'"):
        page("zh-TW")


def test_a_stale_page_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(configuration, "ROOT", tmp_path)
    monkeypatch.setattr(configuration, "PLACES", {"en": tmp_path / "configuration.md"})
    assert configuration.main(["--check"]) == 1
    assert configuration.main([]) == 0
    assert configuration.main(["--check"]) == 0
    (tmp_path / "configuration.md").write_text("older")
    assert configuration.main(["--check"]) == 1
