"""Many people at once: their tokens, as auth would have signed them, without the minutes that would take."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from auth.keys import Safe
from auth.tokens import LIFE, Signer, Subject, sign
from bench.seed.bulk import transaction
from bench.world import World
from common.ids import new_id

_KEY = text("SELECT kid, sealed FROM signing_keys ORDER BY active_from LIMIT 1")


def tokens(world: World, accounts: Sequence[str]) -> list[str]:
    """An access token for each of these accounts."""
    with transaction(world.mysql.url(database="auth")) as connection:
        kid, sealed = connection.execute(_KEY).one()
    signer = Signer(kid, Safe(base64.b64decode(world.secrets["key_encryption_key"])).open(kid, sealed))
    issued = datetime.now(UTC)
    times = {"issued": issued, "expires": issued + timedelta(seconds=LIFE)}
    return [
        sign(signer, Subject(UUID(account), new_id(), "Somebody", "user"), issuer="todolist", **times)
        for account in accounts
    ]
