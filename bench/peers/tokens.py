"""Authentication of the Python peers: the same tokens, verified by the same library, remembered as we do."""

import hashlib
import json
import os
import time
from typing import Any

from jose import jwk, jws

ALGORITHM = "ES256"


class Tokens:
    """Verifies auth's access tokens with the public keys in JWKS, each token once."""

    def __init__(self) -> None:
        keys = json.loads(os.environ["JWKS"])["keys"]
        self._keys = {key["kid"]: jwk.construct(key, ALGORITHM) for key in keys}
        self._known: dict[bytes, dict[str, Any]] = {}

    def claims(self, authorization: str | None) -> dict[str, Any] | None:
        """What a good token says; None for any other."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme != "Bearer":
            return None
        digest = hashlib.sha256(token.encode()).digest()
        if digest not in self._known:
            header = jws.get_unverified_header(token)
            payload = jws.verify(token, self._keys[header["kid"]], algorithms=[ALGORITHM])
            self._known[digest] = json.loads(payload)
        claims = self._known[digest]
        return claims if claims["exp"] > time.time() and claims["aud"] == "todolist" else None
