"""What the tests share: a running stack, people who use it, live sockets, waiting for a condition."""

from tests.support.live import Live
from tests.support.person import Person, PersonFactory
from tests.support.stack import Stack
from tests.support.wait import eventually

__all__ = ["Live", "Person", "PersonFactory", "Stack", "eventually"]
