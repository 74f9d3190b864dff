"""Seals private values at rest, and makes keyed blind indexes for lookups.

A sealed value reads ``KEYID.BASE64URL(nonce + ciphertext)``. Each value carries its key id, so keys can be
rotated while the line is open: new values use the first key, and old ones stay readable as long as their key
is listed. An index is a keyed hash, so a stolen table cannot be searched for a phone or a case number without
the secret, which is kept apart from the database.
"""

import base64
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class SealError(ValueError):
    """A sealed value cannot be opened: its key is not listed, or the value was changed."""


class Keyring:
    """Field keys (AES-256-GCM, the first one seals) and the secret behind blind indexes."""

    def __init__(self, field_keys: Sequence[tuple[str, bytes]], secret: bytes) -> None:
        if not field_keys:
            raise SealError("HOTLINE_FIELD_KEYS holds no key.")
        for key_id, key in field_keys:
            if len(key) != 32 or "." in key_id or not key_id:
                raise SealError(f"The field key named {key_id!r} is not 32 bytes under a name without a dot.")
        self.current = field_keys[0][0]
        self._ciphers = {key_id: AESGCM(key) for key_id, key in field_keys}
        self._index_key = hmac.digest(secret, b"hotline blind index", "sha256")

    def seal(self, purpose: str, text: str) -> str:
        """Seal ``text`` for one column; ``purpose`` is bound in, so no value can move to another column."""
        nonce = os.urandom(NONCE_BYTES)
        box = self._ciphers[self.current].encrypt(nonce, text.encode(), purpose.encode())
        return f"{self.current}.{base64.urlsafe_b64encode(nonce + box).decode()}"

    def unseal(self, purpose: str, sealed: str) -> str:
        """Open a sealed value. Raises SealError, which never contains the value."""
        key_id, _, box = sealed.partition(".")
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise SealError(f"No field key named {key_id[:20]!r} is listed in HOTLINE_FIELD_KEYS.")
        try:
            raw = base64.urlsafe_b64decode(box)
            return cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], purpose.encode()).decode()
        except (InvalidTag, ValueError):
            raise SealError(f"A sealed {purpose} value cannot be opened.") from None

    def unlisted_key(self, sealed: str) -> str | None:
        """The id of the key that the value is sealed under, if that key is not listed."""
        key_id = sealed.partition(".")[0]
        return None if key_id in self._ciphers else key_id

    def index(self, kind: str, text: str) -> str:
        """A keyed hash (64 hex digits) of ``text``; only equal texts of the same kind have equal hashes."""
        return hmac.digest(self._index_key, f"{kind}\0{text}".encode(), "sha256").hex()
