"""The account operations of the API: sign-up, log-in, and authentication by token."""

import math
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tocsin import clock
from tocsin.accounts import api_tokens, audit
from tocsin.accounts.audit import Actor
from tocsin.accounts.sessions import NO_TIME, Sessions, SessionTokens, end_sessions
from tocsin.accounts.users import create_user, find_user_by_email, set_password
from tocsin.config import Settings
from tocsin.documents import ApiToken, AuditAction, Database, RawDocument, Scope, User, aggregate, owner_of
from tocsin.documents.updates import Expression
from tocsin.errors import InvalidInput, RateLimited, TokenExpired, TokenInvalid, UserError, UserErrorCode
from tocsin.outbound.mail_limits import MailLimit, MailLimiter, MailLimitReached
from tocsin.security.access_tokens import AccessTokens
from tocsin.security.opaque_tokens import derive_hmac
from tocsin.security.passwords import dummy_verify, verify_password

TOKENS_PER_DAY = 20
"""API tokens that one account can create in 24 hours. Each is told by mail, of which there are no more."""
_TOKENS = MailLimit("api tokens/account", TOKENS_PER_DAY, timedelta(days=1))
_TAG_LENGTH = 8
_ALL_SCOPES = frozenset(Scope)
_SESSION = "session_of_token"
"""The field of a user in which their session is read."""


@dataclass(frozen=True, slots=True)
class Identity:
    """An authenticated caller and the scopes of their token.

    `session_id` is None for an API token. `expires_at` is the expiry of the token, None if it has none.
    """

    user: User = field(repr=False)
    scopes: frozenset[Scope]
    session_id: str | None
    expires_at: datetime | None


class Accounts:
    """Sign-up, log-in, log-out, passwords and tokens. `key` is secret and the same in every process.

    `installation_tag` distinguishes the installation from others at the same host. It is not secret.
    """

    def __init__(self, database: Database, settings: Settings, tokens: AccessTokens, key: bytes) -> None:
        self._database, self._settings, self._tokens = database, settings, tokens
        lifetime = timedelta(days=settings.refresh_token_days)
        self.sessions = Sessions(database, tokens, derive_hmac(key, "accounts", "sessions").encode(), lifetime)
        self.installation_tag = derive_hmac(key, "accounts", "installation")[:_TAG_LENGTH]

    async def sign_up(self, email: str, password: str, actor: Actor) -> SessionTokens:
        """Create an account with an unconfirmed address, and log in.

        Raises UserError: SIGN_UP_CLOSED, INVALID, EMAIL_TAKEN.
        """
        if self._settings.sign_up != "open":
            message = "Sign-up is closed on this server. Ask the administrator for an account."
            raise UserError(UserErrorCode.SIGN_UP_CLOSED, message)
        user = await create_user(email, password, actor, action=AuditAction.SIGNED_UP, confirmed=False)
        return await self.sessions.open(user, actor, clock.now())

    async def log_in(self, email: str, password: str, actor: Actor) -> SessionTokens:
        """Open a session. Raises UserError INVALID_CREDENTIALS.

        An unknown address, a wrong password and a deactivated user get the same message after the same time.
        """
        user = await _find_user(email)
        if user is None:
            await dummy_verify()
        elif await verify_password(password, user.password) and user.is_active:
            await audit.record(AuditAction.LOGGED_IN, actor.as_user(user), user)
            return await self.sessions.open(user, actor, clock.now())
        await audit.record(AuditAction.LOG_IN_FAILED, actor, user, email=email)
        raise UserError(UserErrorCode.INVALID_CREDENTIALS, "The email address or the password is wrong.")

    async def refresh_tokens(self, refresh_token: str, actor: Actor, *, keep_for: timedelta = NO_TIME) -> SessionTokens:
        """Return new tokens for a session, with the same refresh token if it is younger than `keep_for`.

        Raises UserError SESSION_ENDED.
        """
        return await self.sessions.renew(refresh_token, actor, clock.now(), keep_for=keep_for)

    async def log_out(self, refresh_token: str, actor: Actor) -> None:
        """End the session of this refresh token. A token that is no longer valid is no error (RFC 7009)."""
        try:
            session = await self.sessions.end_by_token(refresh_token, clock.now())
        except UserError:
            return
        if session is not None and (user := await User.get(session.owner)) is not None:
            await audit.record(AuditAction.LOGGED_OUT, actor.as_user(user), user)

    async def end_session(self, who: Identity, session_id: str, actor: Actor) -> bool:
        """End a session of the caller. Returns whether there was one."""
        if owner_of(session_id) != who.user.id or not await self.sessions.end(session_id):
            return False
        action = AuditAction.LOGGED_OUT if session_id == who.session_id else AuditAction.SESSION_REVOKED
        await audit.record(action, actor, who.user)
        return True

    async def end_other_sessions(self, who: Identity, actor: Actor) -> int:
        """End all sessions of the caller except the one in use. Returns how many there were."""
        count = await end_sessions(self._database, who.user.id, but=who.session_id)
        if count:
            await audit.record(AuditAction.SESSION_REVOKED, actor, who.user, detail=f"all other sessions: {count}")
        return count

    async def create_api_token(
        self, user: User, name: str, scopes: Iterable[Scope], expires_at: datetime | None, actor: Actor
    ) -> tuple[ApiToken, str]:
        """Create an API token and return it with its text, which is not stored.

        Raises InvalidInput, Conflict, and RateLimited beyond those of a day, because each is told by mail.
        """
        async with self._counted_token(user):
            token, text = await api_tokens.create_token(
                self._database, user, name, scopes, expires_at, clock.now(), address=actor.address
            )
        await audit.record(AuditAction.API_TOKEN_CREATED, actor, user, detail=api_tokens.describe_token(token))
        return token, text

    @asynccontextmanager
    async def _counted_token(self, user: User) -> AsyncIterator[None]:
        """Count a token of this user, unless the block raises UserError. Raises RateLimited."""
        limiter = MailLimiter(self._database)
        try:
            reservation = await limiter.reserve(user.id, _TOKENS)
        except MailLimitReached as reached:
            seconds = reached.seconds_left(clock.now())
            message = f"You have created {TOKENS_PER_DAY} API tokens in 24 hours. Try again in {math.ceil(seconds)} s."
            raise RateLimited(message, seconds) from None
        try:
            yield
        except UserError:
            await limiter.release(reservation)
            raise

    async def revoke_api_token(self, user: User, token_id: str, actor: Actor) -> ApiToken:
        """Revoke an API token of this user. Raises NotFound."""
        token = await api_tokens.revoke_token(self._database, user.id, token_id)
        await audit.record(AuditAction.API_TOKEN_REVOKED, actor, user, detail=api_tokens.describe_token(token))
        return token

    async def change_password(self, who: Identity, current: str, new: str, actor: Actor) -> User:
        """Change the caller's password and end all their other sessions.

        Raises UserError INVALID_CREDENTIALS at `currentPassword`, InvalidInput at `newPassword`.
        """
        if not await verify_password(current, who.user.password):
            await audit.record(AuditAction.LOG_IN_FAILED, actor, who.user, detail="while changing the password")
            message = "This is not your current password."
            raise UserError(UserErrorCode.INVALID_CREDENTIALS, message, ("currentPassword",))
        return await set_password(self._database, who.user, new, actor, path="newPassword", keep=who.session_id)

    async def authenticate(self, token: str) -> Identity:
        """Return the identity behind an access token or API token. Raises TokenInvalid, TokenExpired."""
        if token.startswith(api_tokens.PREFIX):
            return await self._authenticate_api_token(token)
        claims = await self._tokens.verify(token)
        session_id = claims.session_id or ""
        user, session = await self._read_caller(claims.user_id, session_id)
        if user is None or not user.is_active:
            raise TokenInvalid("The account of this token was deactivated. Ask the administrator.")
        if session is None or session["owner"] != user.id:
            raise TokenInvalid("The session of this access token was ended. Log in again.")
        return Identity(user, _ALL_SCOPES, session_id, claims.expires_at)

    async def _read_caller(self, user_id: str, session_id: str) -> tuple[User | None, RawDocument | None]:
        """Return the user and the stored session that exist.

        This is one command, as it precedes every operation: a second one would cost as much as all else here. The
        session is found by its `_id`; with `$unionWith`, the embedded database reads all sessions.
        """
        session = {"from": self._database.sessions.name, "localField": _SESSION, "foreignField": "_id", "as": _SESSION}
        stages: list[Expression] = [
            {"$match": {"_id": user_id}},
            {"$set": {_SESSION: {"$literal": session_id}}},
            {"$lookup": session},
        ]
        for row in await aggregate(self._database.users, stages):
            sessions = row.pop(_SESSION)
            return User.model_validate(row), sessions[0] if sessions else None
        return None, None

    async def _authenticate_api_token(self, text: str) -> Identity:
        now = clock.now()
        token = await api_tokens.find_token(text)
        user = None if token is None else await User.get(token.owner)
        if token is None or user is None or not user.is_active:
            raise TokenInvalid("This API token is not valid: it is wrong or was revoked.")
        if token.expires_at is not None and token.expires_at <= now:
            raise TokenExpired("This API token has expired. Create a new one.")
        await api_tokens.record_use(self._database, token, now)
        return Identity(user, frozenset(token.scopes), None, token.expires_at)


async def _find_user(email: str) -> User | None:
    try:
        return await find_user_by_email(email)
    except InvalidInput:
        return None
