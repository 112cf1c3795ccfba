"""The HTTP side of auth, by noun."""

from auth.routes import accounts, internal, keys, me, sessions

ROUTERS = [accounts.router, sessions.router, me.router, keys.router, internal.router]
