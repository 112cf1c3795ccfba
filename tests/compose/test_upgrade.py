"""A new release replaces the old one under steady load: no request fails, no socket misses anything."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.compose.project import Project
from tests.compose.users import new_user, using
from tests.support import PersonFactory
from tools.stack.service import NAMES, ROOT

USERS = 4
BACK_SECONDS = 3.0
MIGRATION = '''"""What a next release adds: it expands, so the release before it goes on working."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"


def upgrade() -> None:
    """Add what only the next release uses."""
    op.add_column("topics", sa.Column("next_release", sa.Integer, nullable=True))
    op.create_table("next_release", sa.Column("id", sa.Integer, primary_key=True))
'''


@pytest.fixture(scope="module")
def project(new_project: Callable[..., Project]) -> Project:
    """A system with two replicas of each service behind its front end."""
    return new_project("upgrade", replicas=2)


@pytest.fixture
def next_tag(project: Project, tmp_path: Path) -> Iterator[str]:
    """Images of a release after this one: this one's, with one more migration."""
    tag = f"{project.tag}-next"
    for name in NAMES:
        versions = sorted((ROOT / "services" / name / "migrations" / "versions").glob("[0-9]*.py"))
        place = tmp_path / name
        place.mkdir()
        (place / "9999_next.py").write_text(MIGRATION.format(head=versions[-1].name.partition("_")[0]))
        base = f"todolist/{name}:{project.tag}"
        find = f"import {name},pathlib; print(pathlib.Path({name}.__file__).parent)"
        package = _docker("run", "--rm", "--entrypoint=python", base, "-c", find).strip()
        (place / "Dockerfile").write_text(
            f"FROM {base}\nCOPY 9999_next.py {package}/migrations/versions/9999_next.py\n"
        )
        _docker("build", "--quiet", f"--tag=todolist/{name}:{tag}", str(place))
    for name in ("common", "frontend"):
        _docker("tag", f"todolist/{name}:{project.tag}", f"todolist/{name}:{tag}")
    yield tag
    _docker(
        "rmi", "--force", "--no-prune", *(f"todolist/{name}:{tag}" for name in (*NAMES, "common", "frontend"))
    )


@pytest.mark.timeout(600)
async def test_a_rolling_upgrade_loses_nothing(
    project: Project, next_tag: str, person: PersonFactory
) -> None:
    users = [await new_user(person, f"User{number}") for number in range(USERS)]
    before = {name: set(project.containers(name)) for name in NAMES}
    async with using(users):
        await _upgrade(project, next_tag)
    for name in NAMES:
        after = set(project.containers(name))
        assert len(after) == 2, f"{name} has other replicas than before"
        assert not after & before[name], f"{name} was not replaced"
    failures = [failure for user in users for failure in user.failures]
    assert not failures, "\n".join(sorted(failures))
    assert sum(user.requests for user in users) > 500
    for user in users:
        assert not await user.lost()
        for follower in user.followers:
            assert follower.complete, f"{follower.topic}: {follower.seqs}"
            assert follower.away, f"{follower.topic} was never interrupted: nothing was replaced under it"
            assert max(follower.away) <= BACK_SECONDS, (follower.topic, follower.away, follower.codes)


@pytest.mark.timeout(400)
async def test_going_back_replaces_what_has_died_too(project: Project) -> None:
    """A rollback on the later schema, with one replica that was killed: nobody starts its old image again."""
    before = project.containers("todo")
    project.run("docker", "kill", before[0])
    await _upgrade(project, project.tag)
    after = project.containers("todo")
    assert len(after) == 2
    assert not set(after) & set(before)
    wanted = project.run("docker", "image", "inspect", "--format={{.Id}}", f"todolist/todo:{project.tag}")
    assert {project.run("docker", "inspect", "--format={{.Image}}", each) for each in after} == {wanted}


async def _upgrade(project: Project, tag: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tools.upgrade",
        "--no-build",
        cwd=ROOT,
        env=project.environment(TAG=tag),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


def _docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
