"""Sealing what only this service may read: encrypted, and known to be what was sealed.

Keys rotate: the first seals, all open. What was sealed says with which key, so that it can be
sealed anew and the old key thrown away.
"""

import hashlib
import os
from collections.abc import Sequence
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from shared.errors import Rejected

__all__ = ["KEYS_VARIABLE", "Cipher"]

KEYS_VARIABLE: Final = "RAPPORT_PERSONAL_KEY"


class Cipher:
    """Seals and opens. `keys` are Fernet keys; without any, it refuses to do either.

    Raises ValueError if a key is not 32 bytes in URL-safe base64.
    """

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys]) if keys else None
        self.key_id = hashlib.sha256(keys[0].encode()).hexdigest()[:16] if keys else ""
        """Stands beside what is sealed now; says nothing about the key."""

    @classmethod
    def of_environment(cls) -> "Cipher":
        """With the keys of RAPPORT_PERSONAL_KEY: for migrations, which know no settings."""
        return cls([key for key in os.environ.get(KEYS_VARIABLE, "").split(",") if key])

    def seal(self, plain: str) -> bytes:
        """Raises LookupError where there is no key: a bug of the wiring, or a setting missed."""
        return self.seal_bytes(plain.encode())

    def seal_bytes(self, plain: bytes) -> bytes:
        """Raises LookupError, as `seal`."""
        if self._fernet is None:
            raise LookupError(f"nothing can be sealed without {KEYS_VARIABLE}")
        return self._fernet.encrypt(plain)

    def open(self, sealed: bytes) -> str:
        """What was sealed as text. Raises as `open_bytes`."""
        return self.open_bytes(sealed).decode()

    def open_bytes(self, sealed: bytes) -> bytes:
        """What was sealed. Raises Rejected("personal-key-missing", 503) under a key that is gone,
        and for what nobody sealed."""
        try:
            if self._fernet is None:
                raise InvalidToken
            return self._fernet.decrypt(bytes(sealed))
        except InvalidToken:
            raise Rejected(
                "personal-key-missing",
                f"it was sealed with a key that is not in {KEYS_VARIABLE}: the operator adds it",
                status=503,
            ) from None
