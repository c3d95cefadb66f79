"""Signed links to files, valid for a limited time for anyone who has them. Nothing is stored.

They are signed with the operator's encryption key rather than a key of access tokens, so they stay valid after
`tocsin keys rotate`. Links signed with a former encryption key stay valid as well.
"""

import base64
import binascii
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tocsin.clock import EPOCH, MILLISECOND, epoch_milliseconds
from tocsin.errors import TocsinError
from tocsin.security.opaque_tokens import derive_hmac

_PURPOSE = "file link"
_LONGEST = 500


class LinkInvalid(TocsinError):
    """A link that this installation did not sign."""


class LinkExpired(TocsinError):
    """A signed link whose time is over."""


@dataclass(frozen=True, slots=True)
class FileLink:
    """The content of a link: its file, and when it was issued."""

    file_id: str
    issued_at: datetime


class FileLinks:
    """A signer and reader of the tokens in links. `lifetime` is the validity of a new one."""

    def __init__(self, keys: Sequence[bytes], lifetime: timedelta) -> None:
        self._keys = keys
        self._lifetime = lifetime

    def sign(self, file_id: str, now: datetime) -> tuple[str, datetime]:
        """Return a token for this file, and the time (UTC, whole seconds) at which it expires."""
        expires_at = (now + self._lifetime).astimezone(UTC).replace(microsecond=0)
        said = f"{_encode(file_id)}.{int(expires_at.timestamp())}.{epoch_milliseconds(now)}"
        return f"{said}.{derive_hmac(self._keys[0], _PURPOSE, said)}", expires_at

    def read(self, token: str, now: datetime) -> FileLink:
        """Verify and read a token. Raises LinkInvalid or LinkExpired."""
        said, _, signature = token.rpartition(".")
        if len(token) > _LONGEST or not any(self._is_signed(key, said, signature) for key in self._keys):
            raise LinkInvalid("This is not a link of this server.")
        file_id, expires_at, *issued = said.split(".")
        if int(expires_at) <= now.timestamp():
            raise LinkExpired("This link has expired.")
        until = datetime.fromtimestamp(int(expires_at), UTC)
        issued_at = EPOCH + int(issued[0]) * MILLISECOND if issued else until - self._lifetime  # an older link
        return FileLink(_decode(file_id), issued_at)

    def _is_signed(self, key: bytes, said: str, signature: str) -> bool:
        right = derive_hmac(key, _PURPOSE, said)
        return hmac.compare_digest(right.encode(), signature.encode("utf-8", "surrogatepass"))


def _encode(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, ValueError):
        raise LinkInvalid("This is not a link of this server.") from None
