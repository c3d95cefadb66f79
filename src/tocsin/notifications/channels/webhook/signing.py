"""Keys and signatures of Standard Webhooks (https://www.standardwebhooks.com), version 1: HMAC-SHA256. Pure."""

import base64
import binascii
import hmac
import secrets
from collections.abc import Iterable
from hashlib import sha256

_PREFIX = "whsec_"
_KEY_BYTES = 32


def generate_signing_key() -> str:
    """Return a new random key, as users are shown it once."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def decode_signing_key(key: str) -> bytes:
    """Return the bytes of a key. Raises ValueError, without the key."""
    try:
        raw = base64.b64decode(key.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not key.startswith(_PREFIX) or len(raw) != _KEY_BYTES:
        raise ValueError(f"A signing key must be {_PREFIX} followed by {_KEY_BYTES} bytes in base64.")
    return raw


def make_message_id(cause: str) -> str:
    """Return the message id of a notice: the same for each retry, without full stops, and without text from users."""
    return f"msg_{sha256(cause.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def sign(message_id: str, timestamp: int, body: str, keys: Iterable[str]) -> str:
    """Return a signature by each key, separated by spaces. `timestamp` is in seconds since 1970."""
    content = f"{message_id}.{timestamp}.{body}".encode()
    digests = [hmac.digest(decode_signing_key(key), content, sha256) for key in keys]
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)
