"""`python -m todo`: serve; `python -m todo migrate`: bring the database to the newest schema."""

from common.serve import serve

if __name__ == "__main__":
    serve("todo.app:build")
