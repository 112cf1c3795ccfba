"""Private MariaDB/MySQL, Redis and service processes, for development and tests; standard library only."""

from tools.stack.mysql import MySQL
from tools.stack.ports import free_port
from tools.stack.process import Process, StartError
from tools.stack.redis import Redis
from tools.stack.service import Service, service_environment

__all__ = ["MySQL", "Process", "Redis", "Service", "StartError", "free_port", "service_environment"]
