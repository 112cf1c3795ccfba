"""The chat service: rooms (of lists, of groups, of two people), messages, read positions, presence."""
