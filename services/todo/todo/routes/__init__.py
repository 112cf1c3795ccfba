"""The HTTP routes, by noun: each names what it needs, calls one action or reads the store, and renders the result."""

from todo.routes import lists, members, search, tasks

ROUTERS = [lists.router, members.router, tasks.router, search.router]
