"""The MariaDB that a test run's workers share, started by the process that controls the run."""

import os
import shutil
import tempfile
from pathlib import Path

from tools.stack import MySQL
from tools.stack.mysql import make_data_directory

PREFIX = "todolist-test-"


class Servers:
    """The run's directory and its shared database server; a worker only knows where they are."""

    def __init__(self, home: Path, *, port: int | None = None, password: str | None = None) -> None:
        self.home = home
        self.template = home / "template"
        self.mysql = MySQL(home / "mysql", port=port, password=password, template=self.template)
        self._owned = False

    @classmethod
    def new(cls) -> "Servers":
        """A run of our own, in a new temporary directory; those of runs that were killed are removed."""
        for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
            if not _runs(left.name.removeprefix(PREFIX).partition("-")[0]):
                shutil.rmtree(left, ignore_errors=True)
        return cls(Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")))

    @classmethod
    def of_controller(cls, told: dict[str, str]) -> "Servers":
        """The run a worker belongs to, from what the controlling process told it."""
        return cls(Path(told["home"]), port=int(told["port"]), password=told["password"])

    def tell(self) -> dict[str, str]:
        """What a worker needs to know."""
        return {"home": str(self.home), "port": str(self.mysql.port), "password": self.mysql.password}

    def start(self) -> None:
        """Start the server once."""
        if not self._owned:
            self._owned = True
            make_data_directory(self.template, self.home / "template.log")
            self.mysql.start()

    def stop(self) -> None:
        """End it and forget the data; only the process that started it does."""
        self.mysql.kill()
        shutil.rmtree(self.home, ignore_errors=True)


def _runs(pid: str) -> bool:
    """Whether a process of this number lives; ours or not, its directory is left alone."""
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, ValueError):
        pass
    return True
