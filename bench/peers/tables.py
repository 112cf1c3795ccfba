"""Plain tables for those who insert one row and keep no log: the columns and keys of ours but for what only
our log needs."""

import pymysql

STATEMENTS = (
    "CREATE TABLE todo.plain_tasks LIKE todo.tasks",
    "ALTER TABLE todo.plain_tasks DROP data, DROP digest, DROP deleted_at",
    "CREATE TABLE chat.plain_messages LIKE chat.messages",
    "ALTER TABLE chat.plain_messages DROP data, DROP digest",
)


def make(port: int, password: str) -> None:
    """Make them; whoever may use todo's and chat's own tables may use these."""
    opened = pymysql.connect(host="127.0.0.1", port=port, user="root", password=password)
    with opened as connection, connection.cursor() as cursor:
        for statement in STATEMENTS:
            cursor.execute(statement)
