"""This service's settings: those every service has, and none of its own."""

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """What the todo service needs from its environment."""
