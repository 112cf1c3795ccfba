"""The READMEs are true: what they tell a reader to type is typed here."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.support.browser import Site

ROOT = Path(__file__).resolve().parents[2]
READMES = ("README.md", "README.zh-TW.md")
pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("name", READMES)
async def test_the_api_by_curl(site: Site, name: str) -> None:
    """The whole block runs as one script, and shows what was done."""
    (script,) = re.findall(r"```bash\n(.*?)```", (ROOT / name).read_text(), re.S)
    here = script.replace("http://127.0.0.1:8080", site.url)
    assert here != script
    process = await asyncio.create_subprocess_exec(
        "bash", "-euo", "pipefail", "-c", here, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    said = output.decode()
    assert "problem" not in said
    for kind in ("member.put", "task.created", "task.updated"):
        assert f'"kind":"{kind}"' in said
    assert '"number":1' in said, "the message was not answered"


@pytest.mark.parametrize("name", [*READMES, "CONTRIBUTING.md", "docs/adr/README.md"])
def test_links_lead_somewhere(name: str) -> None:
    """Every link and picture within the repository."""
    page = ROOT / name
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text())
    assert targets
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("name", READMES)
def test_make_targets_exist(name: str) -> None:
    """Every `make …` that a README names."""
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"(?:^|`)make ([a-z][a-z-]*)", (ROOT / name).read_text(), re.M))
    assert named >= {"dev", "test", "reset"}
    assert [target for target in named if not re.search(rf"^{target}:", makefile, re.M)] == []


def test_both_languages_say_the_same() -> None:
    """The same commands, code and links in both."""
    english, chinese = ((ROOT / name).read_text() for name in READMES)
    for pattern in (r"^## ", r"^\d\. ", r"^- ", r"\]\(([^)]+)\)"):
        assert len(re.findall(pattern, english, re.M)) == len(re.findall(pattern, chinese, re.M)), pattern
