"""Rows for the jobs, straight into todo's and chat's own tables, as the services would have written them.

Over HTTP a million tasks would take an hour; here they take seconds.
"""

from bench.seed.chat import rooms
from bench.seed.todo import lists, positions

__all__ = ["lists", "positions", "rooms"]
