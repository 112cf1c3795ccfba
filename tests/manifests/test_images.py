"""What each Dockerfile keeps to, whatever it builds."""

import re
from pathlib import Path

import pytest

from tools import images

FILES = [images.dockerfile(name) for name in images.NAMES]
BASES = {"python:3.13-slim-trixie", "node:22-slim", "nginxinc/nginx-unprivileged:stable"}
each_file = pytest.mark.parametrize("path", FILES, ids=images.NAMES)


def stages(path: Path) -> dict[str, tuple[str, list[str]]]:
    """The stages of a Dockerfile, by name: the base, and the instructions, each on one line."""
    text = re.sub(r"^\s*#.*\n", "", path.read_text(), flags=re.M)
    found: dict[str, tuple[str, list[str]]] = {}
    lines: list[str] = []
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        begins = re.fullmatch(r"FROM (\S+) AS (\S+)", line)
        assert begins or not line.startswith("FROM"), f"a stage without a name: {line}"
        if begins:
            lines = []
            found[begins[2]] = (begins[1], lines)
        elif line:
            lines.append(line)
    return found


def said(lines: list[str], instruction: str) -> list[str]:
    """What follows an instruction, each time it is given."""
    return [line.partition(" ")[2] for line in lines if line.startswith(f"{instruction} ")]


def test_every_service_has_one() -> None:
    """A new folder in services/ is not forgotten."""
    folders = {
        path.name for path in (images.ROOT / "services").iterdir() if (path / "pyproject.toml").exists()
    }
    assert folders | {"frontend"} == set(images.NAMES)
    assert all(path.exists() for path in FILES)


@each_file
def test_no_frontend_of_the_builder_is_fetched(path: Path) -> None:
    """A `# syntax=` line would make every build ask a registry."""
    assert not re.search(r"^#\s*syntax\s*=", path.read_text(), re.M)


@each_file
def test_bases_are_public_and_fixed(path: Path) -> None:
    found = stages(path)
    assert {base for base, _ in found.values()} - found.keys() <= BASES
    assert list(found)[-1] == "runtime", "the last stage is what is built by default"
    assert found["runtime"][0] in BASES, "what builds must not be in what runs"


@each_file
def test_what_runs_is_nobody_and_hears_signals(path: Path) -> None:
    found = stages(path)
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", said(found["runtime"][1], "USER")[-1]), (
        "a number that is not root's"
    )
    if "dev" in found:
        assert not said(found["dev"][1], "USER"), "docker compose cannot copy files in for a number"
    for lines in (found[stage][1] for stage in ("dev", "runtime") if stage in found):
        assert said(lines, "CMD")[-1].startswith("["), "a shell would not pass signals on"
        assert said(lines, "STOPSIGNAL") in (["SIGTERM"], ["SIGQUIT"])
        (health,) = said(lines, "HEALTHCHECK")
        assert health == "NONE" or re.search(r"CMD \[", health)


@each_file
def test_what_runs_has_no_tools_and_nothing_of_others(path: Path) -> None:
    name, lines = images.NAMES[FILES.index(path)], stages(path)["runtime"][1]
    for command in said(lines, "RUN"):
        assert "install" not in command.replace("uninstall", ""), command
    assert all("--from=" in copied for copied in said(lines, "COPY")) or name == "frontend"
    own = {"frontend"} if name == "frontend" else {f"services/{name}", "services/common"}
    copied = " ".join(word for _, every in stages(path).values() for word in said(every, "COPY"))
    assert set(re.findall(r"services/[a-z]+|(?<!\S)frontend(?=/|\s)", copied)) <= own


@each_file
def test_packages_are_those_of_the_lock_files(path: Path) -> None:
    for _, lines in stages(path).values():
        for command in " && ".join(said(lines, "RUN")).split(" && "):
            if re.search(r"\bpip\b.* install ", command):
                assert "--require-hashes" in command or "--no-index" in command, command
            assert not re.search(r"\bnpm (i|install)\b", command), command


def test_services_differ_in_nothing_but_their_names() -> None:
    """What is mended in one Dockerfile is mended in all; and equal layers are built and kept once."""
    texts = {}
    for name in ("auth", "todo", "chat"):
        text = re.sub(r"(?m)^# The .*|image\.description=.*", "", images.dockerfile(name).read_text())
        texts[name] = re.sub(rf"\b{name}\b", "NAME", text)
    assert texts["auth"] == texts["todo"] == texts["chat"]


@each_file
def test_labels_say_what_it_is(path: Path) -> None:
    labels = " ".join(said(stages(path)["runtime"][1], "LABEL"))
    for key in ("title", "description", "version", "revision", "base.name"):
        assert f"org.opencontainers.image.{key}=" in labels
    assert f'title="todolist/{images.NAMES[FILES.index(path)]}"' in labels
    assert f'base.name="{stages(path)["runtime"][0]}"' in labels


@each_file
def test_the_context_is_what_is_allowed(path: Path) -> None:
    """Everything is left out, then what the image is made of let in: no secret, no other service."""
    name = images.NAMES[FILES.index(path)]
    rules = [
        line
        for line in path.with_suffix(".dockerignore").read_text().splitlines()
        if not line.startswith("#")
    ]
    assert rules[0] == "*"
    own = (
        ("frontend/",)
        if name == "frontend"
        else (f"services/{name}/", "services/common/", "requirements-build.txt")
    )
    assert all(rule[1:].startswith(own) for rule in rules if rule.startswith("!"))


def test_compose_builds_exactly_these() -> None:
    compose = (images.ROOT / "docker-compose.yml").read_text()
    built = set(re.findall(r"dockerfile: (\S+?),", compose))
    assert built == {str(path.relative_to(images.ROOT)) for path in FILES}


def test_every_folder_of_tests_is_run() -> None:
    """`make test` names its folders; a new one is not forgotten."""
    named = set(re.findall(r'^  "(tests/\w+)",$', (images.ROOT / "pyproject.toml").read_text(), re.M))
    found = {f"tests/{path.parent.name}" for path in (images.ROOT / "tests").glob("*/test_*.py")}
    assert found - {"tests/compose"} == named
