"""The HTTP routes, by noun: each names what it needs, calls an action or the store, and renders that."""

from todo.routes import lists, members, search, tasks

ROUTERS = [lists.router, members.router, tasks.router, search.router]
