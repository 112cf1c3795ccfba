"""What auth does, by noun: functions of a transaction, and what has to happen outside one."""
