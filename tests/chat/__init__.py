"""The chat service, over HTTP and WebSocket."""
