"""The READMEs are true: what they tell a reader to type is typed here (more: tests/tools/test_docs.py)."""

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
