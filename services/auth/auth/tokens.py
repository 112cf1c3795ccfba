"""Access tokens: the one place where they are signed (ES256, RFC 9068 `at+jwt`)."""

import base64
import hashlib
import json
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric import ec
from jose import jwt
from jose.backends.cryptography_backend import CryptographyECKey

ALGORITHM = "ES256"
AUDIENCE = "todolist"
LIFE = 15 * 60
"""Seconds an access token is good for."""


class Signer(NamedTuple):
    """A signing key, parsed once: python-jose would parse a PEM again for each token."""

    kid: str
    key: CryptographyECKey


class Subject(NamedTuple):
    """Whom a token speaks of."""

    account_id: UUID
    session_id: UUID
    name: str
    role: str


def new_key() -> ec.EllipticCurvePrivateKey:
    """A fresh signing key."""
    return ec.generate_private_key(ec.SECP256R1())


def public_jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    """The public half as a JWK, named by its thumbprint (RFC 7638)."""
    numbers = key.public_key().public_numbers()
    point = {
        "crv": "P-256",
        "kty": "EC",
        "x": _base64url(numbers.x.to_bytes(32)),
        "y": _base64url(numbers.y.to_bytes(32)),
    }
    canonical = json.dumps(point, separators=(",", ":"), sort_keys=True).encode()
    kid = _base64url(hashlib.sha256(canonical).digest())
    return point | {"kid": kid, "alg": ALGORITHM, "use": "sig"}


def sign(signer: Signer, subject: Subject, *, issuer: str, issued: datetime, expires: datetime) -> str:
    """The access token of a session."""
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": str(subject.account_id),
        "aud": AUDIENCE,
        "sid": str(subject.session_id),
        "name": subject.name,
        "role": subject.role,
        "iat": int(issued.timestamp()),
        "exp": int(expires.timestamp()),
        "jti": str(uuid4()),
    }
    return jwt.encode(claims, signer.key, ALGORITHM, headers={"kid": signer.kid, "typ": "at+jwt"})


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
