"""`make images`: build the five images with one tag from the state of git, and show what each adds to its
base.

What is built, and from which Dockerfile, is written in docker-compose.yml and nowhere else. Standard library
only.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tools.console import FailedError, heading, paint, report, say, step

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("common", "auth", "todo", "chat", "frontend")
LIMIT_MB = 120  # a service's image, above its base
MB = 1_000_000
BUILD_SECONDS = 1800


def main() -> int:
    """`python3 -m tools.images [--tag TAG]`."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.images", description=__doc__)
    parser.add_argument("--tag", default=os.environ.get("TAG"), help="instead of the one from git")
    parser.add_argument("--print-tag", action="store_true", help="only say what the tag would be")
    options = parser.parse_args()
    os.chdir(ROOT)
    try:
        tag = options.tag or tag_of_git()
        if options.print_tag:
            say(tag)
            return 0
        build(tag)
        return show_sizes(tag)
    except FailedError as failure:
        report(failure)
        return 1


def tag_of_git() -> str:
    """The release, or the commit; `-dirty` when files differ from it, or it does not have them."""
    said = git("describe", "--tags", "--always", "--match=v[0-9]*", "--abbrev=12")
    dirty = "-dirty" if said and git("status", "--porcelain") else ""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", said.removeprefix("v") + dirty) or "dev"


def build(tag: str) -> None:
    """Build what docker-compose.yml describes."""
    if shutil.which("docker") is None:
        raise FailedError("There is no `docker`.", "Install Docker with its compose and buildx plugins.")
    heading(f"Images with the tag {tag}")
    services = ("bootstrap", *NAMES[1:])  # whose build sections make them
    with step("Building"):
        docker("compose", "build", "--quiet", *services, env={**environment(), "TAG": tag})


def environment() -> dict[str, str]:
    """For `docker compose build`: what it writes on the images."""
    return {**os.environ, "VERSION": version(), "REVISION": git("rev-parse", "HEAD") or "unknown"}


def show_sizes(tag: str) -> int:
    """One line per image; 1 when a service's is too large."""
    too_large = 0
    for name in NAMES:
        image = f"todolist/{name}:{tag}"
        base = base_of(name)
        added = (size(image) - size(base)) / MB
        heavy = name != "frontend" and added > LIMIT_MB
        too_large += heavy
        mark = paint("✗", "31") if heavy else paint("✓", "32")
        say(f"  {mark} {image:<44} {added:6.1f} MB above {base}")
    if too_large:
        say(f"\n{too_large} images add more than {LIMIT_MB} MB to their base.")
    return 1 if too_large else 0


def dockerfile(name: str) -> Path:
    """Where an image is described."""
    return ROOT / ("frontend" if name == "frontend" else f"services/{name}") / "Dockerfile"


def base_of(name: str) -> str:
    """The public image that the last stage begins with."""
    bases: list[str] = re.findall(r"^FROM (\S+)", dockerfile(name).read_text(), re.M)
    return bases[-1]


def version() -> str:
    """The release in work."""
    found = re.search(r'^version = "(.+)"$', (ROOT / "services/common/pyproject.toml").read_text(), re.M)
    assert found is not None
    return found[1]


def size(image: str) -> int:
    """In bytes."""
    try:
        return int(docker("image", "inspect", "--format={{.Size}}", image))
    except FailedError:  # a base that only the builder has fetched
        docker("pull", "--quiet", image)
        return int(docker("image", "inspect", "--format={{.Size}}", image))


def git(*arguments: str) -> str:
    """What git says; nothing outside of a clone."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def docker(*arguments: str, env: dict[str, str] | None = None) -> str:
    """What docker says; a failure shows the end of it."""
    done = subprocess.run(
        ["docker", *arguments],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=BUILD_SECONDS,
    )
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-25:])
        advice = "Is Docker running, and the registry reachable?"
        raise FailedError(f"`docker {' '.join(arguments)}` failed:\n{said}", advice)
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
