"""Chat over HTTP: each route names who may call it, what it reads and which action it runs."""

from chat.routes import members, messages, reading, rooms

ROUTERS = [rooms.router, members.router, messages.router, reading.router]
