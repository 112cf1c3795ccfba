"""All of chat's SQL, by noun. Every function takes the connection it runs on; reads select columns."""

from typing import Any

from sqlalchemy import Row

AnyRow = Row[*tuple[Any, ...]]
"""A row whose columns the query names."""
