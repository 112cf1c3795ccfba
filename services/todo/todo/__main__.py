"""`python -m todo`: serve; `python -m todo migrate`: bring the database to the newest schema."""

from common.serve import main
from todo.settings import Settings

if __name__ == "__main__":
    main("todo", Settings)
