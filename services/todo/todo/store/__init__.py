"""All SQL of the service, by noun. Functions take a connection; the caller owns the transaction."""

from todo.store import creation, lists, members, order, pages, search, tasks

__all__ = ["creation", "lists", "members", "order", "pages", "search", "tasks"]
