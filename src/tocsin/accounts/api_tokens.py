"""API tokens, for programs: limited by scopes, shown once, stored as a digest."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from tocsin.documents import ApiToken, Database, Scope, User, new_id
from tocsin.errors import InvalidInput, NotFound
from tocsin.notifications.account_events import ApiTokenCreated
from tocsin.notifications.deliveries import notify
from tocsin.security.opaque_tokens import digest_token, generate_token

PREFIX = "tocsin_api_"
_MAX_NAME_LENGTH = 100
_MAX_TOKEN_LENGTH = 200
_USE_INTERVAL = timedelta(minutes=1)
_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f]*")


async def create_token(
    database: Database,
    user: User,
    name: str,
    scopes: Iterable[Scope],
    expires_at: datetime | None,
    now: datetime,
    *,
    address: str = "",
) -> tuple[ApiToken, str]:
    """Create a token and return it with its text, which is not stored. Raises InvalidInput.

    `address` is the network address from which it is created; empty for the command line. The user is told first: a
    crash in between may tell of a token that does not exist, but none exists of which nobody was told.
    """
    chosen = [scope for scope in Scope if scope in set(scopes)]
    _validate(user, name, chosen, expires_at, now)
    text = PREFIX + generate_token()
    token = ApiToken(
        id=new_id(user.id),
        owner=user.id,
        name=name.strip(),
        digest=digest_token(text),
        hint=text[-4:],
        scopes=chosen,
        created_at=now,
        expires_at=expires_at,
    )
    await notify(database, [ApiTokenCreated.from_token(token, address)])
    await token.insert()
    return token, text


async def list_tokens(owner: str) -> list[ApiToken]:
    """Return the API tokens of a user, including expired ones, newest first."""
    return sorted(await ApiToken.find({"owner": owner}).to_list(), key=lambda token: token.created_at, reverse=True)


async def revoke_token(database: Database, owner: str, token_id: str) -> ApiToken:
    """Revoke a user's token immediately. Raises NotFound."""
    token = await ApiToken.get(token_id)
    if token is not None and token.owner == owner:
        result = await database.api_tokens.delete_one({"_id": token_id})
        database.changes.access_ended(owner)
        if result.deleted_count:
            return token
    raise NotFound("You have no API token with this id.", "id")


async def revoke_all_tokens(database: Database, owner: str) -> int:
    """Revoke all API tokens of a user and return how many there were."""
    found = database.api_tokens.find({"owner": owner}, {"_id": 1})
    result = await database.api_tokens.delete_many({"_id": {"$in": [token["_id"] async for token in found]}})
    database.changes.access_ended(owner)
    return result.deleted_count


async def find_token(text: str) -> ApiToken | None:
    """Return the token with this text, even if it has expired; None if it is unknown or was revoked."""
    return None if len(text) > _MAX_TOKEN_LENGTH else await ApiToken.find_one({"digest": digest_token(text)})


async def record_use(database: Database, token: ApiToken, now: datetime) -> None:
    """Store when the token was last used, at most once a minute: a write for each request would cost too much."""
    if token.last_used_at is None or abs(now - token.last_used_at) >= _USE_INTERVAL:
        await database.api_tokens.update_one({"_id": token.id}, {"$set": {"last_used_at": now}})


def describe_token(token: ApiToken) -> str:
    """Return the description of the token for the audit log."""
    return f"{token.name} (…{token.hint}), {' '.join(scope.value for scope in token.scopes)}"


def _validate(user: User, name: str, scopes: list[Scope], expires_at: datetime | None, now: datetime) -> None:
    if not 1 <= len(name.strip()) <= _MAX_NAME_LENGTH or not _PRINTABLE.fullmatch(name):
        raise InvalidInput(
            f"name must have 1 to {_MAX_NAME_LENGTH} characters, none of them a control character.", "name"
        )
    if not scopes:
        raise InvalidInput("Give at least one scope: READ, WRITE or ADMIN.", "scopes")
    if Scope.ADMIN in scopes and not user.is_admin:
        raise InvalidInput("Only administrators can create tokens with the scope ADMIN.", "scopes")
    if expires_at is not None and expires_at <= now:
        raise InvalidInput("expiresAt must be in the future.", "expiresAt")
