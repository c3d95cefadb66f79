"""Signed links by which the recipient of a mail turns off mails of its kind. Nothing is stored.

They are signed with the operator's encryption key, and those signed with a former one stay valid: a mail is read months
after it was sent.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.security.file_links import LinkExpired, LinkInvalid
from tocsin.security.opaque_tokens import derive_hmac

LIFETIME = timedelta(days=366)
_PURPOSE = "unsubscribe link"
_LONGEST = 500
_PART = re.compile(r"[\w-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class UnsubscribeLink:
    """What a link turns off: mails of this kind to the user.

    `mailbox` is the digest of the address to which the mail was sent, if that is not the address of the account.
    """

    user: str
    kind: str
    mailbox: str = ""


class UnsubscribeLinks:
    """A signer and reader of the tokens in links. New links are signed with the first key."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = keys

    def sign(self, link: UnsubscribeLink, now: datetime) -> str:
        """Return the token of a link, of letters, digits, `-`, `_` and dots. Raises ValueError for other parts."""
        parts = (link.user, link.kind, link.mailbox)
        if not all(map(_PART.fullmatch, parts)):
            raise ValueError("A link consists of letters, digits, - and _.")
        said = ".".join((*parts, str(int((now + LIFETIME).timestamp()))))
        return f"{said}.{derive_hmac(self._keys[0], _PURPOSE, said)}"

    def read(self, token: str, now: datetime) -> UnsubscribeLink:
        """Verify and read a token. Raises LinkInvalid or LinkExpired."""
        said, _, signature = token.rpartition(".")
        if len(token) > _LONGEST or not any(self._is_signed(key, said, signature) for key in self._keys):
            raise LinkInvalid("This is not a link of this server.")
        user, kind, mailbox, expires_at = said.split(".")
        if int(expires_at) <= now.timestamp():
            raise LinkExpired("This link has expired.")
        return UnsubscribeLink(user, kind, mailbox)

    def _is_signed(self, key: bytes, said: str, signature: str) -> bool:
        right = derive_hmac(key, _PURPOSE, said)
        return hmac.compare_digest(right.encode(), signature.encode("utf-8", "surrogatepass"))


def digest_mailbox(address: str) -> str:
    """Return the digest of an address by which a link names it."""
    return hashlib.sha256(address.casefold().encode("utf-8", "surrogatepass")).hexdigest()[:20]
