"""Access tokens: JSON Web Tokens (RFC 7519), signed with HS256 whatever a token's header says.

A token's header names the key that signed it (`kid`). Several keys are loaded at once, so that tokens stay valid after
another key has begun to sign. Nothing else in a header is trusted: no `jwk`, `jku` or `x5u`.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt

from tocsin import clock
from tocsin.errors import TokenExpired, TokenInvalid
from tocsin.security.key_files import skip_reload

ALGORITHM = "HS256"
ISSUER = AUDIENCE = "tocsin"
LEEWAY = timedelta(seconds=5)
"""The tolerated difference between the clocks of two processes."""
_REQUIRED = ("sub", "iat", "exp", "jti", "iss", "aud")
_LONGEST = 2048
_MAX_VERIFIED = 4_000
"""Tokens whose verification a process remembers."""
_KID = re.compile(r"[0-9a-f]{16}")

_EXPIRED = "The access token has expired. Log in again to get a new one."
_INVALID = "The access token is not valid. Log in and send the new one as `Authorization: Bearer <token>`."


class UnknownSigningKey(TokenInvalid):
    """A token that names an unknown key, which may have been created a moment ago."""


@dataclass(frozen=True)
class TokenClaims:
    """The content of a valid token: its user, its session, and when it expires (UTC, whole seconds)."""

    user_id: str
    session_id: str | None
    expires_at: datetime
    token_id: str


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that signs tokens, which are valid until `retire_at` at the latest."""

    kid: str
    secret: str = field(repr=False)
    retire_at: datetime | None = None


def derive_key_id(secret: str) -> str:
    """Return the id of the operator's own secret: the same in every process, without revealing the secret."""
    return hashlib.sha256(f"tocsin signing key\0{secret}".encode()).hexdigest()[:16]


class AccessTokens:
    """The issuer and verifier of one installation's access tokens.

    `reload_keys` loads keys that are not known yet. The digests of the tokens that were verified last are kept with
    their claims, because a signature that was right stays right; whether key and token are still valid is checked each
    time.
    """

    reload_keys: Callable[[], Awaitable[None]]

    def __init__(self, secret: str, lifetime: timedelta) -> None:
        self.reload_keys = skip_reload
        self._lifetime = lifetime
        self._verified: dict[bytes, tuple[SigningKey, TokenClaims]] = {}
        self.set_keys([SigningKey(derive_key_id(secret), secret)])

    def set_keys(self, keys: Sequence[SigningKey]) -> None:
        """Sign with the first of these keys from now on, and accept the signatures of all of them."""
        self._verified.clear()
        self._signing = keys[0]
        self._keys = {key.kid: key for key in keys}

    def issue(self, user_id: str, now: datetime, session_id: str | None = None) -> tuple[str, datetime]:
        """Return a new token of this user's session, and when it expires (UTC, whole seconds)."""
        expires_at = (now + self._lifetime).astimezone(UTC).replace(microsecond=0)
        claims = {
            "sub": user_id,
            "sid": session_id,
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
            "jti": uuid4().hex,
            "iss": ISSUER,
            "aud": AUDIENCE,
        }
        return jwt.encode(claims, self._signing.secret, ALGORITHM, {"kid": self._signing.kid}), expires_at

    async def verify(self, token: str) -> TokenClaims:
        """Verify a token, reloading the keys if necessary. Raises TokenInvalid, TokenExpired."""
        try:
            return self.verify_without_reload(token)
        except UnknownSigningKey:
            await self.reload_keys()
        return self.verify_without_reload(token)

    def verify_without_reload(self, token: str) -> TokenClaims:
        """Verify a token's signature, issuer, audience and times with the known keys.

        Raises TokenInvalid, TokenExpired.
        """
        if len(token) > _LONGEST:
            raise TokenInvalid(_INVALID)
        try:
            return self._find_verified(token) or self._verify(token)
        except jwt.ExpiredSignatureError:
            raise TokenExpired(_EXPIRED) from None
        except (jwt.InvalidTokenError, ValueError, OverflowError, OSError, RecursionError):
            # The others: text that is not Unicode, an invalid time, or a header, read before the signature, that is
            # nested too deeply.
            raise TokenInvalid(_INVALID) from None

    def _find_verified(self, token: str) -> TokenClaims | None:
        """Return the claims of a token that was verified before and is still valid."""
        known = self._verified.get(_digest(token))
        if known is None or _is_retired(known[0]) or known[1].expires_at <= clock.now() - LEEWAY:
            return None
        return known[1]

    def _verify(self, token: str) -> TokenClaims:
        key = self._key(token)
        claims = _claims(_decode(token, key.secret))
        if len(self._verified) >= _MAX_VERIFIED:
            del self._verified[next(iter(self._verified))]
        self._verified[_digest(token)] = key, claims
        return claims

    def _key(self, token: str) -> SigningKey:
        kid = jwt.get_unverified_header(token).get("kid")
        if not isinstance(kid, str) or not _KID.fullmatch(kid):
            raise TokenInvalid(_INVALID)
        key = self._keys.get(kid)
        if key is None:
            raise UnknownSigningKey(_INVALID)
        if _is_retired(key):
            raise TokenInvalid(_INVALID)
        return key


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _is_retired(key: SigningKey) -> bool:
    return key.retire_at is not None and key.retire_at <= clock.now()


def _decode(token: str, secret: str) -> dict[str, Any]:
    options: Any = {"require": list(_REQUIRED), "strict_aud": True}
    claims: dict[str, Any] = jwt.decode(
        token, secret, algorithms=[ALGORITHM], audience=AUDIENCE, issuer=ISSUER, leeway=LEEWAY, options=options
    )
    return claims


def _claims(found: dict[str, Any]) -> TokenClaims:
    session_id = found.get("sid")
    if session_id is not None and not isinstance(session_id, str):
        raise ValueError("the session is not a string")
    return TokenClaims(found["sub"], session_id, datetime.fromtimestamp(found["exp"], UTC), found["jti"])
