"""Programs of the operating system: finding them, installing them where we may, else saying how."""

import os
import shutil
import subprocess
from pathlib import Path

from tools.console import FailedError, step
from tools.stack import mysql, redis

# Debian's name, and what dnf and brew call the same thing where they differ.
_DNF = {"mariadb-server-core": "mariadb-server", "redis-server": "redis", "python3-venv": "python3"}
_BREW = {
    "mariadb-server-core": "mariadb",
    "redis-server": "redis",
    "python3": "python",
    "python3-venv": "python",
}
_BREW |= {"nodejs": "node", "npm": "node", "chromium": "--cask chromium"}
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_MAC_BROWSERS = ("Google Chrome", "Chromium")

# Debian's Go libraries, by where they lie in the GOPATH that they make together.
GOCODE = Path("/usr/share/gocode/src/github.com")
_GO_LIBRARIES = {
    "gin-gonic/gin": "golang-github-gin-gonic-gin-dev",
    "go-sql-driver/mysql": "golang-github-go-sql-driver-mysql-dev",
    "golang-jwt/jwt": "golang-github-golang-jwt-jwt-dev",
    "gomodule/redigo": "golang-github-gomodule-redigo-dev",
    "google/uuid": "golang-github-google-uuid-dev",
    "gorilla/websocket": "golang-github-gorilla-websocket-dev",
}
_PROGRAMS = {"wrk": "wrk", "golang-go": "go"}


def servers() -> None:
    """The programs of a MySQL or MariaDB server and of Redis; where others run them is not our business."""
    missing = []
    if mysql.find_server() is None:
        missing += ["mariadb-server-core", "mariadb-client-core"]
    if redis.find_server() is None:
        missing.append("redis-server")
    if missing:
        install(*missing)


def bench() -> None:
    """What `make bench` measures with and against: a load generator, Go, and the libraries of its servers."""
    missing = [package for package in ("wrk", "golang-go") if shutil.which(_PROGRAMS[package]) is None]
    missing += [package for folder, package in _GO_LIBRARIES.items() if not (GOCODE / folder).is_dir()]
    if missing:
        install(*missing)


def browser() -> None:
    """A Chromium for the browser tests."""
    if find_browser() is None:
        install("chromium")


def promtool(state: Path) -> None:
    """The checker of alert rules, taken out of the package of Prometheus: installed, the server would run."""
    if find_promtool(state) is not None:
        return
    folder = state / "promtool"
    folder.mkdir(parents=True, exist_ok=True)
    with step("Unpacking promtool"):
        if _download("prometheus", folder) or (_refresh() and _download("prometheus", folder)):
            package = next(folder.glob("prometheus_*.deb"))
            _succeeds(["dpkg-deb", "--extract", str(package), str(folder)])
            package.unlink()
            (folder / "usr/bin/prometheus").unlink(missing_ok=True)  # the server itself
    if find_promtool(state) is None:
        raise FailedError("promtool is needed.", f"{command('prometheus')}, then start again.")


def find_promtool(state: Path) -> Path | None:
    """This machine's, or the one that was unpacked."""
    found = shutil.which("promtool", path=f"{os.environ.get('PATH', '')}:{state / 'promtool/usr/bin'}")
    return None if found is None else Path(found)


def _download(package: str, folder: Path) -> bool:
    words = ["apt-get", "-q", "download", package]
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return False
    return subprocess.run(words, cwd=folder, capture_output=True, check=False).returncode == 0


def _refresh() -> bool:
    privilege = _privilege()
    return privilege is not None and _succeeds([*privilege, "apt-get", "-q", "update"])


def find_browser() -> Path | None:
    """The Chromium or Chrome of this machine; TODOLIST_BROWSER names another."""
    named = os.environ.get("TODOLIST_BROWSER")
    found = named or next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if found:
        return Path(found)
    apps = (Path(f"/Applications/{name}.app/Contents/MacOS/{name}") for name in _MAC_BROWSERS)
    return next((app for app in apps if app.exists()), None)


def install(*names: str) -> None:
    """Install with apt, as root or with a sudo that asks nothing; otherwise say the command and stop."""
    privilege = _privilege()
    if shutil.which("apt-get") is None or privilege is None:
        raise FailedError(f"{_listed(names)} must be installed.", f"{command(*names)}, then start again.")
    with step(f"Installing {_listed(names)}"):
        apt = [*privilege, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]
        packages = _known(names)
        # A fresh machine has no lists, and old ones name files that are gone: refresh and try again.
        if _succeeds([*apt, "install", "--no-install-recommends", *packages]):
            return
        if _succeeds([*apt, "update"]) and _succeeds(
            [*apt, "install", "--no-install-recommends", *_known(names)]
        ):
            return
    raise FailedError(f"apt could not install {_listed(names)}.", f"See what it says: {command(*names)}.")


def command(*names: str) -> str:
    """How a person installs these packages, for the package manager this machine has, or for all three."""
    ways = {
        "apt-get": f"sudo apt-get install {' '.join(names)}",
        "dnf": f"sudo dnf install {' '.join(_translated(names, _DNF))}",
        "brew": f"brew install {' '.join(_translated(names, _BREW))}",
    }
    ours = [way for manager, way in ways.items() if shutil.which(manager)]
    return "\n  " + "\n  ".join(ours or ways.values()) + "\n"


def _privilege() -> list[str] | None:
    if os.geteuid() == 0:
        return []
    return ["sudo", "-n"] if shutil.which("sudo") and _succeeds(["sudo", "-n", "true"]) else None


def _known(names: tuple[str, ...]) -> list[str]:
    """Ubuntu 22.04 has no unversioned core packages; there the whole server is taken."""
    if "mariadb-server-core" in names and not _succeeds(["apt-cache", "show", "mariadb-server-core"]):
        return ["mariadb-server", *(name for name in names if not name.endswith("-core"))]
    return list(names)


def _translated(names: tuple[str, ...], words: dict[str, str]) -> list[str]:
    known = [words.get(name, name) for name in names if name != "mariadb-client-core"]
    return list(dict.fromkeys(known))


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(name for name in names if name != "mariadb-client-core")


def _succeeds(words: list[str]) -> bool:
    return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0
