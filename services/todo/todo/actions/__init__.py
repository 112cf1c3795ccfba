"""What people do, by noun: functions of a transaction and a command, which touch nothing else."""

from todo.actions import creation, lists, members, tasks

__all__ = ["creation", "lists", "members", "tasks"]
