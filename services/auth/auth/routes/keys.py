"""Public keys."""

from fastapi import APIRouter, Response

from auth.local import local
from auth.schemas import KeySet
from common.errors import Unavailable
from common.runtime import Rt

router = APIRouter(prefix="/api/auth", tags=["keys"])


@router.get("/.well-known/jwks.json", operation_id="get_keys", summary="Public keys of access tokens")
async def get_keys(rt: Rt, response: Response) -> KeySet:
    """The keys (RFC 7517) that access tokens are verified with. Who meets an unknown `kid` asks again."""
    keys = await local(rt).keys.published()
    if not keys:
        raise Unavailable("The service has not started yet.")
    response.headers["Cache-Control"] = "public, max-age=60"
    return KeySet(keys=keys)
