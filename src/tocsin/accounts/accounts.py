"""Sign-up, log-in, and who a token stands for."""

from dataclasses import dataclass, field
from datetime import datetime

from tocsin import clock
from tocsin.accounts.emails import normalise_email
from tocsin.accounts.users import create_user
from tocsin.documents import User
from tocsin.errors import InvalidInput, Unauthenticated, UserError, UserErrorCode
from tocsin.security.passwords import verify_password, waste_time
from tocsin.security.tokens import AccessTokens


@dataclass(frozen=True)
class Session:
    """What a user has after logging in: a token that is good until `expires_at` (UTC)."""

    access_token: str = field(repr=False)
    expires_at: datetime
    user: User = field(repr=False)


class Accounts:
    """The accounts of one installation, as the API offers them."""

    def __init__(self, tokens: AccessTokens, sign_up_open: bool) -> None:
        self._tokens = tokens
        self._sign_up_open = sign_up_open

    async def sign_up(self, email: str, password: str) -> Session:
        """Make an account and log in. Raises UserError: SIGN_UP_CLOSED, INVALID, EMAIL_TAKEN."""
        if not self._sign_up_open:
            message = "Sign-up is closed here. Ask the administrator for an account."
            raise UserError(UserErrorCode.SIGN_UP_CLOSED, message)
        return self._session(await create_user(email, password))

    async def log_in(self, email: str, password: str) -> Session:
        """Open a session. Raises UserError INVALID_CREDENTIALS.

        An unknown address, a wrong password and a deactivated user get it in the same words and time.
        """
        user = await _find(email)
        if user is None:
            await waste_time()
        elif await verify_password(password, user.password) and user.is_active:
            return self._session(user)
        raise UserError(UserErrorCode.INVALID_CREDENTIALS, "The email address or the password is wrong.")

    async def authenticate(self, token: str) -> User:
        """The active user that the token was issued to. Raises Unauthenticated."""
        user = await User.get(self._tokens.read(token).user_id)
        if user is None or not user.is_active:
            raise Unauthenticated("The account of this access token was deactivated. Ask the administrator.")
        return user

    def _session(self, user: User) -> Session:
        token, expires_at = self._tokens.issue(user.id, clock.now())
        return Session(token, expires_at, user)


async def _find(email: str) -> User | None:
    try:
        return await User.find_one({"email": normalise_email(email)})
    except InvalidInput:
        return None
