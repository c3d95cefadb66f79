"""Signed tokens in public links. A token is the serial of a stored link and a signature, in letters, digits, `-`, `_`.

They are signed with the operator's encryption key, like callback URLs: a forged one is refused without looking
anything up, and whoever reads the database or a backup of it cannot make one.
"""

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256

_SERIAL_BYTES = 16
_PART = 22
"""Characters of 128 bits: of a serial, and of a signature, which is truncated as RFC 2104 section 5 allows."""


class PublicLinkTokens:
    """A signer and reader of tokens. The first of `keys` signs; the others are former ones."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = tuple(keys)

    def sign(self, kind: str, serial: str) -> str:
        """Return the token of a link of this kind."""
        return serial + _sign(self._keys[0], kind, serial)

    def read(self, kind: str, token: str) -> str | None:
        """Return the serial that a token of this kind names; None if this installation did not sign it."""
        if len(token) != 2 * _PART or not token.isascii():
            return None
        serial, signature = token[:_PART], token[_PART:]
        is_ours = [hmac.compare_digest(_sign(key, kind, serial), signature) for key in self._keys]
        return serial if any(is_ours) else None


def generate_serial() -> str:
    """Return 128 random bits in URL-safe base64."""
    return _encode(secrets.token_bytes(_SERIAL_BYTES))


def _sign(key: bytes, kind: str, serial: str) -> str:
    said = f"public link\0{kind}\0{serial}".encode()
    return _encode(hmac.new(key, said, sha256).digest()[:_SERIAL_BYTES])


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
