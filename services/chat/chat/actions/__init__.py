"""What changes chat's state: actions are functions of a transaction that has its topics locked."""
