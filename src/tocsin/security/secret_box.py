"""Encryption of users' secrets at rest: AES-256-GCM (NIST SP 800-38D), bound to their owner.

A sealed text names its key: `v2:<kid>:...` one of the installation's data keys, `v1:...` the operator's own key.
Several keys are loaded at once, so that secrets stay readable after another key has begun to seal.
"""

import base64
import os
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tocsin.errors import TocsinError
from tocsin.security.key_files import skip_reload

OPERATOR_KEY_ID = "v1"
"""The id of the operator's own key."""
_NONCE_BYTES = 12
# A nonce and a tag, without text in between, are 28 bytes, which are 38 characters and padding.
_SEALED = re.compile(r"(?:(v1)|v2:([0-9a-f]{16})):([\w-]{38,}={0,2})", re.ASCII)


class SecretUnreadable(TocsinError):
    """A stored secret that was sealed with another key or for another owner, or was modified."""


class SecretBox:
    """A set of keys that seal texts, and open them only for the owner they were sealed for.

    `former` are keys of the operator that open, but do not seal. `reload_keys` loads keys that are not known yet.
    """

    reload_keys: Callable[[], Awaitable[None]]

    def __init__(self, key: bytes, former: Sequence[bytes] = ()) -> None:
        self.reload_keys = skip_reload
        self.sealing_key_id = OPERATOR_KEY_ID
        self._operators = [_cipher(one) for one in (key, *former)]
        self._keys: dict[str, AESGCM] = {}

    def set_keys(self, keys: Mapping[str, bytes], sealing: str) -> None:
        """Add these keys, and seal with the one of this id from now on; it may be the operator's own.

        Keys are never removed: a run that was claimed earlier may still need them.
        """
        self._keys |= {kid: _cipher(key) for kid, key in keys.items() if kid not in self._keys}
        self.sealing_key_id = sealing

    def seal(self, text: str, owner: str) -> str:
        """Encrypt `text` with a fresh random nonce; printable ASCII that begins with the id of the key."""
        nonce = os.urandom(_NONCE_BYTES)
        operators = self.sealing_key_id == OPERATOR_KEY_ID
        cipher = self._operators[0] if operators else self._keys[self.sealing_key_id]
        sealed = nonce + cipher.encrypt(nonce, text.encode(), owner.encode())
        name = OPERATOR_KEY_ID if operators else f"v2:{self.sealing_key_id}"
        return f"{name}:{base64.urlsafe_b64encode(sealed).decode()}"

    async def unseal(self, sealed: str, owner: str) -> str:
        """Decrypt a text that was sealed for `owner`, reloading the keys if necessary. Raises SecretUnreadable."""
        try:
            return self.unseal_without_reload(sealed, owner)
        except SecretUnreadable:
            await self.reload_keys()
        return self.unseal_without_reload(sealed, owner)

    def unseal_without_reload(self, sealed: str, owner: str) -> str:
        """Decrypt a text that was sealed for `owner`, with the known keys. Raises SecretUnreadable."""
        try:
            return self._decrypt(sealed, owner)
        except (ValueError, KeyError):
            raise SecretUnreadable("The stored secret cannot be opened with this encryption key.") from None

    def _decrypt(self, sealed: str, owner: str) -> str:
        kid, raw = _parts(sealed)
        ciphers = self._operators if kid == OPERATOR_KEY_ID else [self._keys[kid]]
        nonce, body, context = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], owner.encode()
        for cipher in ciphers:
            try:
                return cipher.decrypt(nonce, body, context).decode()
            except InvalidTag:
                continue
        raise ValueError("no key opens it")


def find_key_id(text: str) -> str | None:
    """Return the id of the key that a sealed text names; None if it is not a sealed text."""
    match = _SEALED.fullmatch(text)
    return None if match is None else match[1] or match[2]


def _parts(sealed: str) -> tuple[str, bytes]:
    match = _SEALED.fullmatch(sealed)
    if match is None:
        raise ValueError("unknown version")
    return match[1] or match[2], base64.b64decode(match[3].encode("ascii"), altchars=b"-_", validate=True)


def _cipher(key: bytes) -> AESGCM:
    if len(key) != 32:
        raise ValueError(f"An AES-256 key has 32 bytes, this one has {len(key)}.")
    return AESGCM(key)
