"""The pages are true where that can be looked up: their links, the commands they name, both languages."""

import re
from itertools import chain
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAIRS = ("README", *(f"docs/{path.name[:-9]}" for path in sorted((ROOT / "docs").glob("*.zh-TW.md"))))
PAGES = [
    *(f"{page}{ending}" for page in PAIRS for ending in (".md", ".zh-TW.md")),
    "CONTRIBUTING.md",
    "docs/architecture.md",
    "docs/reliability.md",
    "docs/adr/README.md",
    "k8s/README.md",
]
OPERATORS = [page for page in PAGES if page.startswith(("docs/operations", "docs/kubernetes"))]


def read(page: str) -> str:
    """A page as it is written."""
    return (ROOT / page).read_text()


def anchors(path: Path) -> set[str]:
    """What a link may name after the #, as GitHub makes it of headings."""
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.M | re.S), re.M
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def commands(page: str) -> str:
    """All that stands in code, inline or in blocks."""
    text = read(page)
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.S)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.S))
    return "\n".join([*blocks, *inline]).replace("\\\n", " ")


def names(kind: str) -> set[str]:
    """What the manifests call their objects of a kind."""
    documents = chain.from_iterable(
        re.split(r"^---$", path.read_text(), flags=re.M) for path in (ROOT / "k8s").rglob("*.yaml")
    )
    named = re.compile(rf"^kind: {kind}\nmetadata:\n  name: ([\w.-]+)", re.M)
    return {name for each in documents for name in named.findall(each)}


def test_the_files_that_architecture_names_are_there() -> None:
    """From the repository's root, from one of the packages, or from the front end's sources."""
    named = re.findall(r"`([\w/.-]+\.(?:py|ts|vue|conf))`", read("docs/architecture.md"))
    roots = [ROOT, ROOT / "frontend/src", *(ROOT / "services").glob("*"), *(ROOT / "services").glob("*/*")]
    assert len(named) > 40
    assert not [name for name in named if not any((root / name).exists() for root in roots)]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """Every link and picture within the repository, to the heading it names."""
    missing = []
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", read(page)):
        path = (ROOT / page).parent / target if target else ROOT / page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            missing.append(f"{target}#{anchor}")
    assert not missing


@pytest.mark.parametrize("page", PAGES)
def test_make_targets_exist(page: str) -> None:
    """Every `make …` that a page names."""
    makefile = read("Makefile")
    named = set(re.findall(r"(?:^|[ `])make ((?:[a-z][a-z0-9-]*)(?: [a-z][a-z-]+)*)", commands(page), re.M))
    targets = set(chain.from_iterable(each.split() for each in named))
    assert [
        target
        for target in sorted(targets)
        if not re.search(rf"^(?:[\w -]+ )?{target}(?: [\w -]+)?:", makefile, re.M)
    ] == []


@pytest.mark.parametrize("page", PAGES)
def test_files_exist(page: str) -> None:
    """Every path of this repository that stands in code."""
    named = re.findall(
        r"(?<![\w/.])((?:k8s|services|frontend|tests|tools|docs|observability)/[\w./-]*\w)", commands(page)
    )
    assert [name for name in sorted(set(named)) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", OPERATORS)
def test_kubernetes_objects_exist(page: str) -> None:
    """Every workload, Secret's label and component that a command names."""
    text = "\n".join(line.partition(" #")[0] for line in commands(page).splitlines() if "kubectl" in line)
    kinds = {
        kind.lower(): kind
        for kind in ("Deployment", "StatefulSet", "Service", "CronJob", "VerticalPodAutoscaler")
    }
    unknown = [
        f"{short}/{name}"
        for short, kind in kinds.items()
        for name in re.findall(rf"\b{short}[/ ]\"?([a-z][a-z-]*[a-z])\b(?!=)", text)
        if name not in names(kind)
    ]
    for name in re.findall(r"\b([a-z]+)-0\b", text):
        unknown += [] if name.removeprefix("data-") in names("StatefulSet") else [f"{name}-0"]
    manifests = "\n".join(path.read_text() for path in (ROOT / "k8s").rglob("*.yaml"))
    for key, value in re.findall(r"-l ([\w./]+)=([\w-]+)", text):
        unknown += [] if f"{key}: {value}" in manifests else [f"{key}={value}"]
    assert not unknown


@pytest.mark.parametrize("page", [page for page in OPERATORS if "kubernetes" in page])
def test_sizes_are_those_of_the_manifests(page: str) -> None:
    """Replicas, requests and the limit of every workload; further columns are free."""
    table = re.search(r"<!-- sizing -->\n(.*?)<!-- /sizing -->", read(page), re.S)
    assert table is not None
    rows: dict[str, list[str]] = {}
    for line in table[1].splitlines()[2:]:
        first, *cells = (cell.strip() for cell in line.strip("| \n").split("|"))
        rows |= dict.fromkeys(re.findall(r"`([a-z-]+)`", first), cells)
    objects = [
        each for path in (ROOT / "k8s/base").glob("*/*.yaml") for each in yaml.safe_load_all(path.read_text())
    ]
    scaled = {
        each["metadata"]["name"]: each["spec"] for each in objects if "maxReplicas" in each.get("spec", {})
    }
    seen: dict[str, list[str]] = {}
    for each in objects:
        if each["kind"] in ("Deployment", "StatefulSet") and "containers" in each["spec"]["template"]["spec"]:
            name = each["metadata"]["name"]
            resources = each["spec"]["template"]["spec"]["containers"][0].get("resources")
            if resources is None:  # a patch for all
                continue
            replicas = str(each["spec"].get("replicas"))
            if name in scaled:
                replicas = f"{scaled[name]['minReplicas']}–{scaled[name]['maxReplicas']}"
            requests, limits = resources["requests"], resources["limits"]
            seen[name] = [replicas, requests["cpu"], requests["memory"], limits["memory"]]
    said = {name: [re.sub(r"[^\d–]", "", row[0]), *row[1:4]] for name, row in rows.items()}
    assert said == seen


@pytest.mark.parametrize("page", OPERATORS)
def test_compose_services_exist(page: str) -> None:
    """Every service and profile that a `docker compose` command names."""
    compose = "\n".join(read(name) for name in ("docker-compose.yml", "compose.watch.yml"))
    services = set(re.findall(r"^  ([a-z-]+):$", compose, re.M))
    profiles = set(re.findall(r"profiles: \[([a-z-]+)\]", compose))
    text = commands(page)
    named = re.findall(r"docker compose exec (?:-T )?([a-z-]+)", text)
    for several in re.findall(
        r"docker compose (?:restart|stop|start|logs -f|up -d)((?: [a-z][a-z-]+)+)", text
    ):
        named += several.split()
    assert [name for name in named if name not in services] == []
    assert [name for name in re.findall(r"--profile ([a-z]+)", text) if name not in profiles] == []


@pytest.mark.parametrize("page", OPERATORS)
def test_settings_and_commands_exist(page: str) -> None:
    """Every variable of ours, every `python -m …`, every metric."""
    text = commands(page)
    places = [*(ROOT / "services").rglob("settings.py"), *(ROOT / "services/common").rglob("*.py")]
    places += [*(ROOT / "frontend/nginx").rglob("*"), *(ROOT / "k8s").rglob("*.yaml")]
    code = "\n".join(path.read_text() for path in places if path.is_file())
    variables = set(re.findall(r"\b(TODOLIST_[A-Z_]+[A-Z])\b", text))
    unknown = [
        name
        for name in variables
        if name not in code and not re.search(rf"^    {name[9:].lower()}: ", code, re.M)
    ]
    commands_of = {
        "auth": read("services/auth/auth/commands.py"),
        "common.log": read("services/common/common/log/__main__.py"),
    }
    for module, command in re.findall(r"python -m (auth|common\.log) ([a-z-]+)", text):
        unknown += [] if f'"{command}"' in commands_of[module] else [f"{module} {command}"]
    metrics = "\n".join(path.read_text() for path in (ROOT / "services").rglob("*metrics.py"))
    for name in re.findall(r"\b((?:db|live|log|http|follower|password)_[a-z]+_[a-z_]+[a-z])\b", text):
        unknown += [] if re.sub(r"_(bucket|count|sum)$", "", name) in metrics else [name]
    assert not unknown


@pytest.mark.parametrize("page", PAIRS)
def test_both_languages_say_the_same(page: str) -> None:
    """The same headings, lists, tables and links, and the same commands but for their comments."""
    english, chinese = read(f"{page}.md"), read(f"{page}.zh-TW.md")
    for pattern in (r"^#+ ", r"^\s*\d\. ", r"^- ", r"^\|", r"\]\("):
        assert len(re.findall(pattern, english, re.M)) == len(re.findall(pattern, chinese, re.M)), pattern
    if page.startswith("docs/"):
        plain = [
            [re.sub(r"\s+# .*$", "", block, flags=re.M) for block in re.findall(r"```.*?```", text, re.S)]
            for text in (english, chinese)
        ]
        assert plain[0] == plain[1]
