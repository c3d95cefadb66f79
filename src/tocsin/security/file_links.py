"""Links to files that are good for a limited time, for whoever has them: nothing is stored, the link is signed.

They are signed with the operator's encryption key, not with a key of access tokens: `tocsin keys rotate` leaves them
good. A former encryption key still reads what it signed.
"""

import base64
import binascii
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tocsin.errors import TocsinError
from tocsin.security.opaque import derive

_PURPOSE = "file link"
_LONGEST = 500


class LinkWrong(TocsinError):
    """Not a link of this installation."""


class LinkExpired(TocsinError):
    """The link was good, until a moment ago."""


class FileLinks:
    """Signs and reads the tokens of links. `lifetime` is how long a new one is good."""

    def __init__(self, keys: Sequence[bytes], lifetime: timedelta) -> None:
        self._keys = keys
        self._lifetime = lifetime

    def sign(self, file_id: str, now: datetime) -> tuple[str, datetime]:
        """A token for this file, and until when (UTC, whole seconds) it is good."""
        expires_at = (now + self._lifetime).astimezone(UTC).replace(microsecond=0)
        said = f"{_encoded(file_id)}.{int(expires_at.timestamp())}"
        return f"{said}.{derive(self._keys[0], _PURPOSE, said)}", expires_at

    def read(self, token: str, now: datetime) -> str:
        """The id of the file. Raises LinkWrong or LinkExpired."""
        said, _, signature = token.rpartition(".")
        if len(token) > _LONGEST or not any(self._signed(key, said, signature) for key in self._keys):
            raise LinkWrong("This is no link of this server.")
        file_id, _, expires_at = said.partition(".")
        if int(expires_at) <= now.timestamp():
            raise LinkExpired("This link has expired.")
        return _decoded(file_id)

    def _signed(self, key: bytes, said: str, signature: str) -> bool:
        right = derive(key, _PURPOSE, said)
        return hmac.compare_digest(right.encode(), signature.encode("utf-8", "surrogatepass"))


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decoded(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, ValueError):
        raise LinkWrong("This is no link of this server.") from None
