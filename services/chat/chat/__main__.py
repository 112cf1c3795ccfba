"""`python -m chat` serves the service; `python -m chat migrate` brings its database to the newest schema."""

from chat.settings import Settings
from common.serve import main

if __name__ == "__main__":
    main("chat", Settings)
