"""Sessions, renewed by refresh tokens that rotate with every use.

A refresh token that is used twice has been copied, by its owner or by a thief: as nobody can tell which, the session
ends and the owner is notified (RFC 9700 section 4.14.2). Each token is derived from the one before, so a client whose
response was lost, or two tabs at once, can repeat the request within seconds and get the same token.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tocsin.accounts import audit
from tocsin.accounts.audit import Actor
from tocsin.documents import AuditAction, Database, Session, User, new_id, owner_of
from tocsin.documents.updates import change_when, has_value
from tocsin.errors import UserError, UserErrorCode
from tocsin.notifications.account_events import RefreshTokenReused
from tocsin.notifications.deliveries import notify
from tocsin.security.access_tokens import AccessTokens
from tocsin.security.opaque_tokens import derive_hmac, digest_token, generate_token

PREFIX = "tocsin_refresh_"
MAX_SESSIONS = 100
"""Maximum sessions of one user; the oldest are ended first."""
NO_TIME = timedelta()
REUSE_GRACE = timedelta(seconds=10)
"""The time for which the previous token may be used again; the answer is the current token."""
_MAX_TOKEN_LENGTH = 300


@dataclass(frozen=True, slots=True)
class SessionTokens:
    """The tokens of a session: an access token, valid until `expires_at` (UTC), and the refresh token."""

    access_token: str = field(repr=False)
    expires_at: datetime
    refresh_token: str = field(repr=False)
    session_id: str
    user: User = field(repr=False)


class Sessions:
    """The sessions of one installation. `key` derives refresh tokens and is the same in every process."""

    def __init__(self, database: Database, tokens: AccessTokens, key: bytes, lifetime: timedelta) -> None:
        self._database, self._tokens, self._key, self._lifetime = database, tokens, key, lifetime

    async def open(self, user: User, actor: Actor, now: datetime) -> SessionTokens:
        """Open a session for this user and return its tokens."""
        family, secret = generate_token(), generate_token()
        session = Session(
            id=new_id(user.id),
            owner=user.id,
            family=digest_token(family),
            secret=digest_token(secret),
            rotated_at=now,
            created_at=now,
            expires_at=now + self._lifetime,
            address=actor.address,
            user_agent=actor.user_agent,
        )
        await session.insert()
        await self._end_surplus(user.id)
        return self._issue_tokens(user, session.id, family, secret, now)

    async def renew(
        self, refresh_token: str, actor: Actor, now: datetime, *, keep_for: timedelta = NO_TIME
    ) -> SessionTokens:
        """Return new tokens for the session. Raises UserError SESSION_ENDED.

        A refresh token that is younger than `keep_for` stays valid and is returned again.
        """
        family, secret = _split_token(refresh_token)
        for _ in range(2):  # once more if another request has just renewed it
            session = await self._find(family, now)
            if session is None:
                raise _session_ended_error()
            age, is_current = abs(now - session.rotated_at), session.secret == digest_token(secret)
            is_kept = is_current and age < keep_for
            if is_current and not is_kept and not await self._rotate(session, family, secret, now):
                continue
            if not is_current and not (session.previous == digest_token(secret) and age <= REUSE_GRACE):
                raise await self._end_reused(session, actor)
            user = await User.get(session.owner)
            if user is None or not user.is_active:
                raise _session_ended_error()
            following = secret if is_kept else self._next_secret(family, secret)
            return self._issue_tokens(user, session.id, family, following, now)
        raise _session_ended_error()

    async def end_by_token(self, refresh_token: str, now: datetime) -> Session | None:
        """End the session of this refresh token, even an old one. Returns None if there is none."""
        session = await self._find(_split_token(refresh_token)[0], now)
        return session if session is not None and await self.end(session.id) else None

    async def end(self, session_id: str) -> bool:
        """End a session. Returns whether there was one."""
        result = await self._database.sessions.delete_one({"_id": session_id})
        self._database.changes.access_ended(owner_of(session_id))
        return result.deleted_count == 1

    async def _find(self, family: str, now: datetime) -> Session | None:
        session = await Session.find_one({"family": digest_token(family)})
        return None if session is None or session.expires_at <= now else session

    async def _rotate(self, session: Session, family: str, secret: str, now: datetime) -> bool:
        following = digest_token(self._next_secret(family, secret))
        changes = {"secret": following, "previous": session.secret, "rotated_at": now}
        changes["expires_at"] = now + self._lifetime
        step = change_when(has_value("secret", session.secret), changes)
        result = await self._database.sessions.update_one({"_id": session.id}, [step])
        return result.modified_count == 1

    async def _end_reused(self, session: Session, actor: Actor) -> UserError:
        if await self.end(session.id) and (user := await User.get(session.owner)) is not None:
            await audit.record(AuditAction.REFRESH_TOKEN_REUSED, actor, user, detail=f"session {session.id}")
            await notify(self._database, [RefreshTokenReused.from_session(session, actor.address)])
        return UserError(
            UserErrorCode.SESSION_ENDED,
            "This refresh token was already used: someone may have a copy, so the session was ended. Log in again.",
            ("refreshToken",),
        )

    async def _end_surplus(self, owner: str) -> None:
        found = self._database.sessions.find({"owner": owner}, {"created_at": 1})
        sessions = sorted(await found.to_list(), key=lambda session: session["created_at"])
        surplus = [session["_id"] for session in sessions[:-MAX_SESSIONS]]
        if surplus:
            await self._database.sessions.delete_many({"_id": {"$in": surplus}})
            self._database.changes.access_ended(owner)

    def _next_secret(self, family: str, secret: str) -> str:
        return derive_hmac(self._key, "refresh token", f"{family}.{secret}")

    def _issue_tokens(self, user: User, session_id: str, family: str, secret: str, now: datetime) -> SessionTokens:
        token, expires_at = self._tokens.issue(user.id, now, session_id)
        return SessionTokens(token, expires_at, f"{PREFIX}{family}.{secret}", session_id, user)


async def list_sessions(owner: str, now: datetime) -> list[Session]:
    """Return the sessions of a user that can still be renewed, newest first."""
    sessions = await Session.find({"owner": owner}).to_list()
    alive = [session for session in sessions if session.expires_at > now]
    return sorted(alive, key=lambda session: session.created_at, reverse=True)


async def end_sessions(database: Database, owner: str, *, but: str | None = None) -> int:
    """End all sessions of a user except `but`. Returns how many were ended."""
    found = database.sessions.find({"owner": owner}, {"_id": 1})
    ids = [session["_id"] async for session in found if session["_id"] != but]
    result = await database.sessions.delete_many({"_id": {"$in": ids}})
    database.changes.access_ended(owner)
    return result.deleted_count


def _split_token(refresh_token: str) -> tuple[str, str]:
    family, dot, secret = refresh_token.removeprefix(PREFIX).partition(".")
    if len(refresh_token) > _MAX_TOKEN_LENGTH or not refresh_token.startswith(PREFIX) or not dot:
        raise _session_ended_error()
    return family, secret


def _session_ended_error() -> UserError:
    message = "This refresh token is no longer valid: it expired, or its session was ended. Log in again."
    return UserError(UserErrorCode.SESSION_ENDED, message, ("refreshToken",))
