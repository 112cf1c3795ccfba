"""What people do, by noun. An action is a function of (transaction, command): it touches nothing else and may run again."""

from todo.actions import lists, members, tasks

__all__ = ["lists", "members", "tasks"]
