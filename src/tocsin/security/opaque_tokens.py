"""Opaque tokens: random texts of which only the digest is stored. They cannot be guessed, so need no slow hash."""

import hashlib
import hmac
import secrets

_BYTES = 32


def generate_token() -> str:
    """Return 256 random bits in URL-safe base64."""
    return secrets.token_urlsafe(_BYTES)


def digest_token(text: str) -> str:
    """Return the stored form of a token: SHA-256 in hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def derive_hmac(key: bytes, purpose: str, text: str) -> str:
    """Return the HMAC-SHA-256 of `text` for this purpose, in hexadecimal digits."""
    return hmac.new(key, f"{purpose}\0{text}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
