"""Users' secrets at rest: AES-256-GCM (NIST SP 800-38D), bound to their owner."""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tocsin.errors import TocsinError

_VERSION = "v1:"
_NONCE_BYTES = 12


class SecretUnreadable(TocsinError):
    """A stored secret cannot be opened: it was sealed with another key, for another owner, or was changed."""


class SecretBox:
    """Seals texts so that only this key opens them, and only for the owner they were sealed for."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError(f"An AES-256 key has 32 bytes, this one has {len(key)}.")
        self._cipher = AESGCM(key)

    def seal(self, text: str, owner: str) -> str:
        """`text`, encrypted with a fresh random nonce, as printable ASCII that begins with `v1:`."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, text.encode(), owner.encode())
        return _VERSION + base64.urlsafe_b64encode(sealed).decode()

    def open(self, sealed: str, owner: str) -> str:
        """The text that was sealed for `owner`. Raises SecretUnreadable."""
        try:
            return self._decrypt(sealed, owner)
        except (ValueError, InvalidTag):
            raise SecretUnreadable("The stored secret cannot be opened with this encryption key.") from None

    def _decrypt(self, sealed: str, owner: str) -> str:
        if not sealed.startswith(_VERSION):
            raise ValueError("unknown version")
        raw = base64.b64decode(sealed.removeprefix(_VERSION).encode("ascii"), altchars=b"-_", validate=True)
        nonce, body = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
        return self._cipher.decrypt(nonce, body, owner.encode()).decode()
