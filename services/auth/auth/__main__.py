"""`python -m auth` serves; `--help` names the other commands."""

from collections.abc import Callable

from auth.settings import Settings
from common.serve import main


def _command(name: str) -> Callable[[list[str]], None]:
    def run(arguments: list[str]) -> None:
        from auth.commands import COMMANDS  # only when one is run: serving with --reload needs none of it

        COMMANDS[name](arguments)

    return run


if __name__ == "__main__":
    names = ("rotate-keys", "set-role", "disable", "enable", "keep-house")
    main("auth", Settings, {name: _command(name) for name in names})
