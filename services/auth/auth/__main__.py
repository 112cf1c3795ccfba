"""`python -m auth` serves; `--help` names the other commands."""

from auth.commands import COMMANDS
from auth.settings import Settings
from common.serve import main

if __name__ == "__main__":
    main("auth", Settings, COMMANDS)
