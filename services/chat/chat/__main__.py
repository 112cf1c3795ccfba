"""`python -m chat` serves the service; `python -m chat migrate` brings its database to the newest schema."""

from common.serve import serve

if __name__ == "__main__":
    serve("chat.app:build")
