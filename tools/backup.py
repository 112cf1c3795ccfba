"""`make backup` and `make restore`, on a compose project: one file holds all three databases at one moment.

The scripts that write and load it lie in k8s/components/backup/scripts and run in the MySQL image, here as on
Kubernetes. COMPOSE_PROJECT_NAME, PORT and TAG are read by `docker compose` itself. Standard library only.
"""

import argparse
import gzip
import hashlib
import json
import os
import subprocess
import sys
import zlib
from pathlib import Path

from tools.console import FailedError, heading, report, say, step

ROOT = Path(__file__).resolve().parents[1]
DIRECTORY = ROOT / "backups"
SERVICES = ("auth", "todo", "chat")
MARKER = b"-- Dump completed"  # what mysqldump writes last
OWNER = f"{os.getuid()}:{os.getgid()}"  # who may read the files
WORKERS = tuple(f"{service}-worker" for service in SERVICES)
NOT_HELD = (
    "It does not hold the secrets of the installation. The key-encryption key is not needed to restore: a "
    "restore makes new signing keys. Without the refresh key everybody signs in again."
)
ANOTHER = "Nothing was done. Take another backup."
AGAIN = (
    "Mend it, then run the same `make restore` again. Until one succeeds the accounts of the services and of "
    "the backup are locked: nobody can work on a half of a restore, and no backup of it is made."
)


def main() -> int:
    """`python3 -m tools.backup create | restore FILE`."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.backup", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    create = commands.add_parser("create", help="back up the running system")
    create.add_argument("--directory", type=Path, help="instead of backups/ and the name of the project")
    again = commands.add_parser("restore", help="put a backup in the place of what is there")
    again.add_argument("file", type=Path)
    again.add_argument("--yes", action="store_true", help="do not ask")
    options = parser.parse_args()
    try:
        if options.command == "create":
            directory = options.directory or DIRECTORY / str(settings()["name"])
            backup(directory.resolve())
        else:
            restore(options.file.resolve(), sure=options.yes)
    except FailedError as failure:
        report(failure)
        return 1
    return 0


def backup(directory: Path) -> Path:
    """One more file in the directory; older ones go when there are more than BACKUP_KEEP."""
    heading("Backing up")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with step("Reading the three databases at one moment"):
        said = compose(
            *("run", "--rm", "--no-deps", "-T", "--user", OWNER, "--volume", f"{directory}:/backups"),
            *("--env", "BACKUP_KEEP", "backup", "once"),
            advice="Is the system running (`docker compose ps`)? Older backups are untouched.",
        )
    made = max(directory.glob("[0-9]*.sql.gz"))
    for line in said.splitlines():
        say(f"    {line.replace('/backups/', f'{directory}/')}")
    say(f"\n{made}\n{NOT_HELD}")
    return made


def restore(file: Path, *, sure: bool) -> None:
    """Everything that is there now is replaced by what the file holds. May be repeated, from any state."""
    if not file.is_file():
        raise FailedError(f"There is no file {file}.", "Name one: make restore FILE=backups/PROJECT/….sql.gz")
    project = str(settings()["name"])
    heading(f"Restoring {file.name} into the project {project}")
    if not sure and not agreed(project):
        raise FailedError("Nothing was done.", "Type the name of the project, or give YES=1.")
    with step("Checking the backup"):
        check(file)
    counts = {service: len(compose("ps", "--all", "--quiet", service).split()) for service in SERVICES}
    with step("Stopping the services"):
        compose("stop", *SERVICES, *WORKERS)
    with step("Starting the database, with its accounts"):
        compose("up", "--detach", "--no-build", "--wait", "mysql", "redis")
        compose("run", "--rm", "--no-deps", "-T", "bootstrap")
    with step("Loading the backup"):
        said = in_restore(file, "load")
    for service in SERVICES:
        with step(f"Bringing {service} forward, and beginning new epochs"):
            bring_forward(service)
    with step("Starting the services"):
        in_restore(file, "open")
        scale = [f"--scale={service}={count}" for service, count in counts.items() if count > 1]
        # A front end that runs is left alone: PORT may not be what it was started with.
        front = [] if compose("ps", "--quiet", "frontend").strip() else ["frontend"]
        compose("up", "--detach", "--no-build", "--no-deps", "--wait", *scale, *SERVICES, *WORKERS, *front)
    for line in said.splitlines():
        say(f"    {line}")
    say(
        "\nDone. Clients read everything again; access tokens from before are refused, and browsers fetch new"
        "\nones. Who signed in, or was renewed, after the backup was made signs in again."
    )


def agreed(project: str) -> bool:
    """Whether the person at the terminal types the name of what is about to be replaced."""
    try:
        return input(f"All data of {project} is replaced. Type its name to go on: ").strip() == project
    except EOFError:
        return False


def in_restore(file: Path, command: str) -> str:
    """Run restore.sh, with the directory of the backup beside it."""
    file_in_container = [] if command == "open" else [f"/restore/{file.name}"]
    return compose(
        *("run", "--rm", "--no-deps", "-T", "--user", OWNER, "--volume", f"{file.parent}:/restore:ro"),
        *("restore", command, *file_in_container),
    )


def check(file: Path) -> None:
    """Whether it is what its checksum says, and ends as mysqldump ends; before anything is stopped for it."""
    beside = file.with_name(f"{file.name}.sha256")
    end = b""
    try:
        if beside.exists() and beside.read_text(errors="replace").split()[:1] != [digest(file)]:
            raise FailedError(f"{file} is not what its checksum says.", f"{ANOTHER} Or is {beside} damaged?")
        with gzip.open(file) as text:
            while block := text.read(1 << 20):
                end = (end + block)[-200:]
    except (OSError, EOFError, zlib.error) as error:
        raise FailedError(f"{file} cannot be read: {error}", ANOTHER) from None
    if MARKER not in end:
        raise FailedError(f"{file} is not complete.", ANOTHER)


def digest(file: Path) -> str:
    """The SHA-256 of a file."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def bring_forward(service: str) -> None:
    """The newest schema and new epochs; for auth also new signing keys, since an access token of before must
    not speak for an account or a session that is no more.

    As the migrator: the service's own account is locked.
    """
    address = settings()["services"][f"{service}-migrate"]["environment"]["TODOLIST_MIGRATION_URL"]
    address = address.replace("$$", "$")  # `config` writes a compose file, where one stands for a variable
    commands = [f"python -m common.migrate {service}", "python -m common.log new-epoch"]
    if service == "auth":
        commands.append("python -m auth rotate-keys --revoke")
    urls = ("TODOLIST_MIGRATION_URL", "TODOLIST_DATABASE_URL")
    compose(
        *("run", "--rm", "--no-deps", "-T", *(f"--env={name}" for name in urls)),
        *(f"{service}-worker", "sh", "-c", " && ".join(commands)),
        **dict.fromkeys(urls, address),  # named on the command line, but not said there
    )


def settings() -> dict[str, dict[str, dict[str, dict[str, str]]]]:
    """The compose file as `docker compose` understands it."""
    read: dict[str, dict[str, dict[str, dict[str, str]]]] = json.loads(
        compose("--profile", "*", "config", "--format", "json")
    )
    return read


def compose(*arguments: str, advice: str = AGAIN, **env: str) -> str:
    """`docker compose …`: what it printed; FailedError with what it complained of."""
    command = ["docker", "compose", *arguments]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        advice = "Install Docker Engine with its compose plugin."
        raise FailedError("Docker is not installed.", advice) from None
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()
        raise FailedError(f"`{' '.join(command)}` ended with status {done.returncode}:\n{said}", advice)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
