"""Chat over HTTP: each route names who may call it, what it reads and which action it runs."""
