"""How uvicorn is told to run a service."""

import re

from common.serve import configuration
from common.settings import ServiceSettings
from tools.stack.service import ROOT

NODE_SECONDS = 5  # how long Node's agent, and so Vite's proxy, keeps an idle connection
SETTINGS = {
    "database_url": "mysql://todo:password@127.0.0.1/todo",
    "redis_url": "redis://127.0.0.1",
    "service_key": "k" * 32,
}


def test_idle_connections_outlive_every_proxys() -> None:
    """Who closes first must be who sends: a request must not meet a connection that is just closing."""
    keeps = configuration("todo.app:build", ServiceSettings.model_validate(SETTINGS)).timeout_keep_alive
    nginx = (ROOT / "frontend/nginx/templates/environment.conf.template").read_text()
    kept = [int(seconds) for seconds in re.findall(r"keepalive_timeout (\d+)s;", nginx)]
    assert len(kept) == 3
    assert keeps > 10 * max(*kept, NODE_SECONDS)
