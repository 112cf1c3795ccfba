"""Signing keys: made, encrypted at rest, published before use, gone once their last token has expired."""

import asyncio
import itertools
import json
import os
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from jose.backends.cryptography_backend import CryptographyECKey
from sqlalchemy.ext.asyncio import AsyncConnection

from auth import store
from auth.rows import AnyRow
from auth.tokens import ALGORITHM, LIFE, Signer, new_key, public_jwk
from common.clock import now
from common.database import Database
from common.errors import Unavailable

NOTICE = 5.0
"""Seconds after which a process looks again which keys there are."""
RETIREMENT = timedelta(seconds=LIFE + 120)
"""How long a key is published once its successor signs: a token's life, and room for clocks and NOTICE."""


class WrongKeyError(Exception):
    """The stored keys were encrypted with another key than the one in the settings."""

    def __init__(self) -> None:
        super().__init__(
            "TODOLIST_KEY_ENCRYPTION_KEY does not open the signing keys in the database. If the right one is "
            "lost, `python -m auth rotate-keys --revoke` makes a new signing key."
        )


class Safe:
    """Encrypts private keys (AES-256-GCM), each bound to its kid."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, kid: str, key: ec.EllipticCurvePrivateKey) -> bytes:
        """The encrypted private key."""
        nonce = os.urandom(12)
        raw = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return nonce + self._cipher.encrypt(nonce, raw, kid.encode())

    def open(self, kid: str, sealed: bytes) -> CryptographyECKey:
        """The private key, ready to sign with."""
        try:
            raw = self._cipher.decrypt(sealed[:12], sealed[12:], kid.encode())
        except InvalidTag:
            raise WrongKeyError from None
        return CryptographyECKey(load_der_private_key(raw, None), ALGORITHM)


def active(keys: Sequence[AnyRow], at: datetime) -> AnyRow | None:
    """The newest key whose time has come; the oldest, should a clock say that of none."""
    return next((key for key in reversed(keys) if key.active_from <= at), keys[0] if keys else None)


def expired(keys: Sequence[AnyRow], at: datetime) -> list[str]:
    """The kids of which no valid token can exist any more."""
    return [key.kid for key, successor in itertools.pairwise(keys) if successor.active_from + RETIREMENT < at]


async def make_first(db: AsyncConnection, safe: Safe, at: datetime) -> None:
    """Add a key if there is none."""
    if not (known := await store.keys.all_of_them(db)):
        await make(db, safe, known, active_from=at)


async def make(
    db: AsyncConnection, safe: Safe, known: Sequence[AnyRow], *, active_from: datetime
) -> str | None:
    """Add a key that takes over at a moment; None when another process has just done so.

    It follows the newest of `known`, the keys on which it was decided: of several processes that decided on
    the
    same ones, the first adds its key. Read again here, they might show another's, and this one would follow
    it.
    """
    key = new_key()
    jwk = public_jwk(key)
    values = {
        "kid": jwk["kid"],
        "follows": known[-1].kid if known else "",
        "public": json.dumps(jwk),
        "sealed": safe.seal(jwk["kid"], key),
        "created_at": now(),
        "active_from": active_from,
    }
    return jwk["kid"] if await store.keys.add(db, values) else None


class KeyRing:
    """The keys as this process knows them, read again every few seconds."""

    def __init__(self, database: Database, safe: Safe) -> None:
        self._database = database
        self._safe = safe
        self._keys: Sequence[AnyRow] = ()
        self._opened: dict[str, Signer] = {}
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def signer(self) -> Signer:
        """The key to sign with."""
        await self._refresh()
        key = active(self._keys, now())
        if key is None:
            raise Unavailable("There is no signing key.")
        if key.kid not in self._opened:
            self._opened = {key.kid: Signer(key.kid, self._safe.open(key.kid, key.sealed))}
        return self._opened[key.kid]

    async def published(self) -> list[dict[str, Any]]:
        """The public keys of every token that may be valid, and of those to come."""
        await self._refresh()
        over = set(expired(self._keys, now()))
        return [json.loads(key.public) for key in self._keys if key.kid not in over]

    async def reload(self) -> None:
        """Read the keys at once."""
        async with self._database.read() as db:
            self._keys = await store.keys.all_of_them(db)
        self._read_at = time.monotonic()

    async def _refresh(self) -> None:
        if time.monotonic() - self._read_at < NOTICE:
            return
        async with self._reading:
            if time.monotonic() - self._read_at < NOTICE:
                return
            try:
                await self.reload()
            except Unavailable:
                # Public keys are worth having while the database is away; nobody can sign in then anyway.
                if not self._keys:
                    raise
