"""Settings of the auth service, beyond those that every service has."""

import base64
import binascii

from pydantic import Field, SecretStr, field_validator

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """What auth needs: its secrets, the cost of a password, the limits of a session."""

    key_encryption_key: SecretStr = Field(
        description="base64 of 32 bytes; encrypts the signing keys in the database"
    )
    refresh_key: SecretStr = Field(
        min_length=32, description="authenticates refresh tokens; changing it ends all sessions"
    )

    cookie_secure: bool = Field(True, description="refresh cookie only over TLS; false for plain http")
    session_idle_days: int = Field(
        30, ge=1, le=365, description="days without use after which a session is over"
    )
    session_days: int = Field(90, ge=1, le=365, description="days after which a session is over in any case")

    key_rotation_days: int = Field(
        30, ge=1, le=365, description="days after which a new signing key takes over"
    )
    key_lead_seconds: int = Field(
        120, ge=0, le=3600, description="seconds a new signing key is published before its use"
    )

    # OWASP Password Storage Cheat Sheet: argon2id with m = 19 MiB, t = 2, p = 1 at the least.
    argon2_memory_kib: int = Field(19_456, ge=8, le=4_194_304, description="memory of one password hash, KiB")
    argon2_time_cost: int = Field(2, ge=1, le=100, description="passes of one password hash")
    password_threads: int = Field(
        0, ge=0, le=256, description="passwords hashed at once; 0: as many as cores"
    )
    password_queue: int = Field(
        64, ge=1, le=10_000, description="passwords that may wait for a thread before 503"
    )
    # OWASP ASVS 5.0, 6.2.1: at least 8, 15 advised. NIST SP 800-63B-4: 15 where the password stands alone.
    password_min_length: int = Field(8, ge=8, le=64, description="characters a new password must have")

    @field_validator("key_encryption_key")
    @classmethod
    def _key_of_32_bytes(cls, value: SecretStr) -> SecretStr:
        try:
            raw = base64.b64decode(value.get_secret_value(), validate=True)
        except binascii.Error:
            raw = b""
        if len(raw) != 32:
            raise ValueError("must be the base64 of 32 bytes")
        return value

    def sealing_key(self) -> bytes:
        """The key that encrypts signing keys at rest."""
        return base64.b64decode(self.key_encryption_key.get_secret_value())
