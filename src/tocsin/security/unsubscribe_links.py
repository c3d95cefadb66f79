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
UNDO_LIFETIME = timedelta(hours=1)
_PURPOSE, _UNDO = "unsubscribe link", "undo of an unsubscribe link"
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

    def sign_undo(self, user: str, kinds: Sequence[str], now: datetime) -> str:
        """Return the token of a button that turns on again the mails of these kinds, which were turned off just now."""
        said = f"{user}.{' '.join(kinds)}.{int((now + UNDO_LIFETIME).timestamp())}"
        return f"{said}.{derive_hmac(self._keys[0], _UNDO, said)}"

    def read_undo(self, token: str, user: str, now: datetime) -> list[str]:
        """Verify the token of a button for this user, and return its kinds. Raises LinkInvalid or LinkExpired."""
        said, _, signature = token.rpartition(".")
        if not any(self._is_signed(key, said, signature, _UNDO) for key in self._keys):
            raise LinkInvalid("This is not a button of this server.")
        signed_user, kinds, expires_at = said.split(".")
        if signed_user != user:
            raise LinkInvalid("This is a button of another account.")
        if int(expires_at) <= now.timestamp():
            raise LinkExpired("This button has expired.")
        return kinds.split()

    def _is_signed(self, key: bytes, said: str, signature: str, purpose: str = _PURPOSE) -> bool:
        right = derive_hmac(key, purpose, said)
        return hmac.compare_digest(right.encode(), signature.encode("utf-8", "surrogatepass"))


def digest_mailbox(address: str) -> str:
    """Return the digest of an address by which a link names it."""
    return hashlib.sha256(address.casefold().encode("utf-8", "surrogatepass")).hexdigest()[:20]
