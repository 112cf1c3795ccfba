"""All SQL of the service, by noun. Functions take a connection; the caller owns the transaction."""

from todo.store import lists, members, order, search, tasks

__all__ = ["lists", "members", "order", "search", "tasks"]
