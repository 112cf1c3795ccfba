"""The todo service, put together: what the common application factory needs to know of it."""

from fastapi import FastAPI

from common.accounts import accounts_feed
from common.app import create_app, create_worker
from common.log.access import Members
from common.service import Service
from common.settings import load
from todo import store
from todo.local import local
from todo.models import ACCOUNTS, Member
from todo.routes import ROUTERS, tasks
from todo.settings import Settings
from todo.topics import LISTS, list_of


def service(settings: Settings) -> Service:
    """The service's parts."""
    return Service(
        name="todo",
        settings=settings,
        routers=ROUTERS,
        direct=[tasks.list_tasks, tasks.create_task],
        access=Members(list_of, Member.list_id, Member.account_id),
        feeds={LISTS: store.lists.snapshot},
        follows=lambda _: [accounts_feed(ACCOUNTS)],
        setup=local,
    )


def build() -> FastAPI:
    """The application, from the environment. Touches neither database nor network."""
    return create_app(service(load(Settings)))


def build_worker() -> FastAPI:
    """The background work, from the environment."""
    return create_worker(service(load(Settings)))
