"""Opaque tokens: random texts whose digest alone is stored. They need no slow hash, since nobody can guess them."""

import hashlib
import hmac
import secrets

_BYTES = 32


def new_secret() -> str:
    """256 random bits in URL-safe base64."""
    return secrets.token_urlsafe(_BYTES)


def digest(text: str) -> str:
    """What is stored of a token: SHA-256 in hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def derive(key: bytes, purpose: str, text: str) -> str:
    """A text that only the holder of `key` can tell from `text`: HMAC-SHA-256 in hexadecimal digits."""
    return hmac.new(key, f"{purpose}\0{text}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
