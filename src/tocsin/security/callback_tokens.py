"""Signed tokens in the URLs that targets call back. Nothing is stored, and a token does not expire by itself: the
state of its run decides whether a callback is still expected.

They are signed with the operator's encryption key, like links to files, so they stay valid after `tocsin keys rotate`.
"""

import base64
import binascii
import hmac
from collections.abc import Sequence
from typing import NamedTuple

from tocsin.errors import TocsinError
from tocsin.security.opaque_tokens import derive_hmac

_PURPOSE = "callback"
_LONGEST = 600


class CallbackTokenInvalid(TocsinError):
    """A token that this installation did not sign."""


class CallbackToken(NamedTuple):
    """The content of a token: a run, and the number of its attempt, which is counted over all rounds."""

    run_id: str
    attempt: int


class CallbackTokens:
    """A signer and reader of tokens. The first of `keys` signs; the others are former ones."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = tuple(keys)

    def sign(self, run_id: str, attempt: int) -> str:
        """Return the token of this attempt."""
        said = f"{_encode(run_id)}.{attempt}"
        return f"{said}.{derive_hmac(self._keys[0], _PURPOSE, said)}"

    def read(self, token: str) -> CallbackToken:
        """Verify and read a token. Raises CallbackTokenInvalid."""
        said, _, signature = token.rpartition(".")
        if len(token) > _LONGEST or not any(_is_signed(key, said, signature) for key in self._keys):
            raise CallbackTokenInvalid("This is not a callback URL of this server.")
        run_id, _, attempt = said.partition(".")
        return CallbackToken(_decode(run_id), int(attempt))


def _is_signed(key: bytes, said: str, signature: str) -> bool:
    right = derive_hmac(key, _PURPOSE, said)
    return hmac.compare_digest(right.encode(), signature.encode("utf-8", "surrogatepass"))


def _encode(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, ValueError):
        raise CallbackTokenInvalid("This is not a callback URL of this server.") from None
