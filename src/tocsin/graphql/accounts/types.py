"""Output types of accounts: users, sessions, API tokens."""

from datetime import datetime

import strawberry

from tocsin import accounts, documents
from tocsin.documents import Scope
from tocsin.graphql import access, ids
from tocsin.graphql.accounts.usage import QuotaUsage, to_quota_usage
from tocsin.graphql.context import Info
from tocsin.graphql.enums import describe_enum
from tocsin.graphql.node import Node
from tocsin.graphql.payloads import Payload

describe_enum(
    Scope,
    "A permission of an API token. A logged-in session has all permissions of its user.",
    {
        "READ": "Queries and subscriptions.",
        "WRITE": "Mutations. Without READ, they return the changed object, but no related objects.",
        "ADMIN": "Queries and mutations for administrators, with READ or WRITE. Only for tokens of administrators.",
    },
)


@strawberry.type(description="A person with an account on this installation.")
class User(Node):
    email: str = strawberry.field(description="Address for logging in and for mail, in lower case.")
    is_admin: bool = strawberry.field(description="True if the user administers this installation.")
    is_active: bool = strawberry.field(description="True if the user can log in, false if they were deactivated.")
    created_at: datetime = strawberry.field(description="Time at which the account was created.")
    email_confirmed: bool = strawberry.field(
        description="True if the user opened a link mailed to the address, or an administrator vouched for it."
    )
    trusted_requesters: strawberry.Private[list[str]]

    @strawberry.field(
        description=(
            "True if an unconfirmed address receives no mail except the confirmation link. False while this server "
            "has no mail server and writes mails to files."
        )
    )
    def email_confirmation_required(self, info: Info) -> bool:
        return info.context.services.settings.requires_confirmed_addresses

    @strawberry.field(
        description="Addresses of users whose workflows may ask this user for approvals. Null unless this user is you."
    )
    async def accepts_requests_from(self, info: Info) -> list[str] | None:
        caller = await info.context.authenticate()
        return (
            self.trusted_requesters if caller is not None and ids.encode_id("User", caller.user.id) == self.id else None
        )

    @strawberry.field(description="Usage of each quota. Null unless you are this user or an administrator.")
    async def usage(self, info: Info) -> list[QuotaUsage] | None:
        user_id = ids.decode_as("User", self.id, "id")
        if info.context.token is None or user_id is None:
            return None
        if await access.require_owner(info) != user_id and not await access.is_administrator(info):
            return None
        return [to_quota_usage(usage) for usage in await info.context.services.quotas.list_usage(user_id)]


@strawberry.type(description="The tokens of a session.")
class Session:
    access_token: str = strawberry.field(
        description=(
            "Token to send as `Authorization: Bearer <token>`; over a WebSocket, as `authorization` in the "
            "connection parameters."
        )
    )
    access_token_expires_at: datetime = strawberry.field(
        description="Expiry of the access token, which also ends with its session. Renew it with `refreshSession`."
    )
    refresh_token: str = strawberry.field(
        description="Token for `refreshSession`, which accepts it once and returns the next one. Keep it secret. Empty "
        "for Tocsin's own pages, which keep it in a cookie."
    )
    user: User = strawberry.field(description="The user who logged in.")


@strawberry.type(description="A session that has not ended.")
class ActiveSession:
    id: strawberry.ID = strawberry.field(description="Global ID of the session, for `revokeSession`.")
    created_at: datetime = strawberry.field(description="Time at which the user logged in.")
    last_refreshed_at: datetime = strawberry.field(description="Time at which the tokens were last renewed.")
    expires_at: datetime = strawberry.field(description="Time at which the session ends unless it is renewed earlier.")
    address: str = strawberry.field(description="IP address from which the user logged in.")
    user_agent: str = strawberry.field(description="`User-Agent` header of the client that logged in.")
    is_current: bool = strawberry.field(
        description="True if this request was sent with an access token of this session."
    )


@strawberry.type(description="A token for a program. Its secret is returned only once, when it is created.")
class ApiToken:
    id: strawberry.ID = strawberry.field(description="Global ID of the token, for `revokeApiToken`. Not the secret.")
    name: str = strawberry.field(description="Name that its owner chose.")
    hint: str = strawberry.field(description="Last four characters of the secret, to recognize the token by.")
    scopes: list[Scope] = strawberry.field(description="Permissions of the token.")
    created_at: datetime = strawberry.field(description="Time at which the token was created.")
    expires_at: datetime | None = strawberry.field(
        description="Time at which the token expires; null if it does not expire."
    )
    last_used_at: datetime | None = strawberry.field(
        description="Time of its last use, to the minute; null if it was never used."
    )


@strawberry.type
class SessionPayload(Payload):
    session: Session | None = strawberry.field(description="The new session; null if there are user errors.")


def to_user(user: documents.User) -> User:
    """Convert a stored user."""
    return User(
        id=strawberry.ID(ids.encode_id("User", user.id)),
        email=user.email,
        is_admin=user.is_admin,
        is_active=user.is_active,
        created_at=user.created_at,
        email_confirmed=user.email_confirmed,
        trusted_requesters=user.accepts_requests_from,
    )


async def load_user(info: Info, owner: str, user_id: str) -> User | None:
    """Load the caller themselves, or any user for an administrator."""
    if user_id != owner and not await access.is_administrator(info):
        return None
    user = await accounts.find_user(user_id)
    return None if user is None else to_user(user)


def to_session(grant: accounts.SessionTokens, *, in_cookie: bool = False) -> Session:
    """Convert the grant of a log-in or a refresh, without the refresh token if it is kept in a cookie."""
    return Session(
        access_token=grant.access_token,
        access_token_expires_at=grant.expires_at,
        refresh_token="" if in_cookie else grant.refresh_token,
        user=to_user(grant.user),
    )


def to_active_session(session: documents.Session, current: str | None) -> ActiveSession:
    """Convert a stored session; `current` is the ID of the session that sent the request."""
    return ActiveSession(
        id=strawberry.ID(ids.encode_id("Session", session.id)),
        created_at=session.created_at,
        last_refreshed_at=session.rotated_at,
        expires_at=session.expires_at,
        address=session.address,
        user_agent=session.user_agent,
        is_current=session.id == current,
    )


def to_api_token(token: documents.ApiToken) -> ApiToken:
    """Convert a stored API token, without its secret."""
    return ApiToken(
        id=strawberry.ID(ids.encode_id("ApiToken", token.id)),
        name=token.name,
        hint=token.hint,
        scopes=token.scopes,
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
    )
