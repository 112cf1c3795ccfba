"""The todo service: lists, their members and their tasks."""
