"""A private MariaDB or MySQL server with the durability the log depends on."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from tools.stack.ports import HOST, free_port, says, wait_until
from tools.stack.process import Process, StartError

START_SECONDS = 60
SETTINGS = {
    # What an acknowledged write and a number once seen depend on.
    "log-bin": "binlog",
    "server-id": "1",
    "sync-binlog": "1",
    "innodb-flush-log-at-trx-commit": "1",
    "transaction-isolation": "READ-COMMITTED",
    "loose-binlog-format": "ROW",
    "character-set-server": "utf8mb4",
    "collation-server": "utf8mb4_bin",
    # Small: several instances share a laptop. `loose` is for what only one of the two servers knows.
    "innodb-buffer-pool-size": "64M",
    "loose-innodb-log-file-size": "32M",
    "loose-innodb-redo-log-capacity": "64M",
    "max-binlog-size": "64M",
    "binlog-expire-logs-seconds": "86400",
    "performance-schema": "OFF",
    "loose-mysqlx": "OFF",
    "max-connections": "400",
}


def find_server() -> Path | None:
    """The server program of this machine, MariaDB's if both are there."""
    return _find("mariadbd", "mysqld")


class MySQL:
    """One server with its data in `home`; start() after stop() or kill() has the same data and port."""

    def __init__(
        self,
        home: Path,
        *,
        port: int | None = None,
        password: str | None = None,
        template: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.home = home
        self.data = home / "data"
        self.port = port or free_port()
        self.password = password or secrets.token_urlsafe(16)
        self._template = template
        self._settings = {**SETTINGS, **(settings or {})}
        self.process = Process("MySQL", self._command(), log=home / "mysql.log")

    def url(self, account: str = "root", password: str | None = None, database: str = "") -> str:
        """The address for an account (root unless named)."""
        secret = self.password if password is None else password
        return f"mysql://{quote(account)}:{quote(secret, safe='')}@{HOST}:{self.port}/{database}"

    def start(self) -> None:
        """Start it, making its data directory first if it has none, and wait until it takes connections."""
        if not self.data.exists():
            self._make_data()
        self._write_root_password()
        self.process.start()
        # A server that accepts connections greets; while it is still recovering nothing listens.
        if not wait_until(self.answers, seconds=START_SECONDS, alive=lambda: self.process.running):
            error = self.process.failed("did not become ready")
            self.process.kill()
            raise error

    def answers(self) -> bool:
        """Whether it greets a new connection."""
        return says(self.port, b"", b"_native_password") or says(self.port, b"", b"caching_sha2_password")

    def stop(self) -> None:
        """Shut down in order."""
        self.process.stop(timeout=30)

    def kill(self) -> None:
        """SIGKILL: what a power cut leaves."""
        self.process.kill()

    def pause(self) -> None:
        """SIGSTOP: it keeps its connections and answers none."""
        self.process.pause()

    def resume(self) -> None:
        """SIGCONT: the end of a pause."""
        self.process.resume()

    def _command(self) -> list[str]:
        server = find_server()
        if server is None:
            raise StartError("Neither mariadbd nor mysqld is installed.")
        return [
            str(server),
            "--no-defaults",
            *_as_root(),
            f"--datadir={self.data}",
            # Its own: a server that starts removes what it takes for leftovers in a shared one.
            f"--tmpdir={self.home}",
            f"--init-file={self.home / 'root.sql'}",
            f"--bind-address={HOST}",
            f"--port={self.port}",
            # Relative to the data directory: a longer path may not fit into a socket's address.
            "--socket=mysql.sock",
            "--pid-file=mysql.pid",
            *(f"--{name}={value}" for name, value in self._settings.items()),
        ]

    def _make_data(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        draft = self.home / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        if self._template is not None and self._template.exists():
            shutil.copytree(self._template, draft)
        else:
            make_data_directory(draft, self.home / "mysql.log")
        draft.rename(self.data)

    def _write_root_password(self) -> None:
        path = self.home / "root.sql"
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"ALTER USER 'root'@'localhost' IDENTIFIED BY '{self.password}';\n")


def make_data_directory(path: Path, log: Path) -> None:
    """An empty server's data, to be started from or copied; root has no password until it is started."""
    server, installer = find_server(), _find("mariadb-install-db")
    if server is not None and server.name == "mariadbd" and installer is not None:
        command = [
            str(installer),
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--innodb-log-file-size=32M",
        ]
    elif server is not None:
        command = [str(server), "--no-defaults", "--initialize-insecure"]
    else:
        raise StartError("Neither mariadbd nor mysqld is installed.")
    with log.open("ab") as output:
        status = subprocess.run(
            [*command, f"--datadir={path}", *_as_root()], stdout=output, stderr=output, check=False
        ).returncode
    if status != 0:
        shutil.rmtree(path, ignore_errors=True)
        raise StartError(f"The data directory of MySQL could not be made; see {log}")


def _as_root() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []


def _find(*names: str) -> Path | None:
    """The first of these programs; servers are often in an sbin that is not on a person's PATH."""
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/usr/libexec"])
    found = next((path for name in names if (path := shutil.which(name, path=places))), None)
    return None if found is None else Path(found).resolve()
