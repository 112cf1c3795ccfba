"""All SQL of auth, by noun."""

from auth.store import accounts, audit, keys, sessions

__all__ = ["accounts", "audit", "keys", "sessions"]
