"""Access tokens: JSON Web Tokens (RFC 7519), signed with HS256 whatever a token's header asks for."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt

from tocsin.errors import Unauthenticated

ALGORITHM = "HS256"
ISSUER = AUDIENCE = "tocsin"
LEEWAY = timedelta(seconds=5)
"""How far the clocks of two processes may differ."""
_REQUIRED = ("sub", "iat", "exp", "jti", "iss", "aud")
_LONGEST = 2048

_EXPIRED = "The access token has expired. Log in again to get a new one."
_INVALID = "The access token is not valid. Log in and send the new one as `Authorization: Bearer <token>`."


@dataclass(frozen=True)
class Claims:
    """What a valid token says: whose it is, of which session, and until when (UTC, whole seconds) it is good."""

    user_id: str
    session_id: str | None
    expires_at: datetime


class AccessTokens:
    """Issues and reads the access tokens of one installation."""

    def __init__(self, secret: str, lifetime: timedelta) -> None:
        self._secret = secret
        self._lifetime = lifetime

    def issue(self, user_id: str, now: datetime, session_id: str | None = None) -> tuple[str, datetime]:
        """A new token of this user's session, and when it expires (UTC, whole seconds)."""
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
        return jwt.encode(claims, self._secret, ALGORITHM), expires_at

    def read(self, token: str) -> Claims:
        """What a token says whose signature, issuer, audience and times are right. Raises Unauthenticated."""
        if len(token) > _LONGEST:
            raise Unauthenticated(_INVALID)
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=LEEWAY,
                options={"require": list(_REQUIRED)},
            )
        except jwt.ExpiredSignatureError:
            raise Unauthenticated(_EXPIRED) from None
        except (jwt.InvalidTokenError, ValueError, RecursionError):
            # The last two: text that is not Unicode; a header, read before the signature, nested too deeply.
            raise Unauthenticated(_INVALID) from None
        return Claims(claims["sub"], claims.get("sid"), datetime.fromtimestamp(claims["exp"], UTC))
