"""The internal paths on which other services follow our log. The front end does not route them."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from common.errors import NotFound
from common.etag import json_response
from common.log.reader import After, AskedEpoch, events_response
from common.log.source import SnapshotPage, snapshot_page
from common.schemas import Cursor, Limit, encode
from common.servicetoken import ServiceCaller

TopicName = Annotated[str, Path(pattern="^[a-z]+$")]


def internal_router(service: str, feeds: dict[str, SnapshotPage]) -> APIRouter:
    """The log and the snapshot of each topic that other services may follow."""
    router = APIRouter(prefix=f"/api/{service}/internal", tags=["internal"])

    @router.get("/log/{topic}", operation_id="list_internal_events", summary="Page through a log")
    async def log(
        request: Request,
        topic: TopicName,
        caller: ServiceCaller,  # noqa: ARG001 - being known is all that is asked
        after: After = 0,
        limit: Limit = 50,
        epoch: AskedEpoch = None,
    ) -> Response:
        if topic not in feeds:
            raise NotFound
        async with request.state.runtime.database.read() as connection:
            return await events_response(connection, topic, after=after, limit=limit, epoch=epoch)

    @router.get(
        "/snapshot/{topic}", operation_id="list_internal_snapshot", summary="Page through the state of a log"
    )
    async def snapshot(
        request: Request,
        topic: TopicName,
        caller: ServiceCaller,  # noqa: ARG001 - being known is all that is asked
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response:
        if topic not in feeds:
            raise NotFound
        page: dict[str, Any] = await snapshot_page(
            request.state.runtime.database, topic, feeds[topic], cursor, limit
        )
        return json_response(encode(page))

    return router
