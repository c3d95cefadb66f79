"""Accounts, as they are shown: users, sessions, API tokens."""

from datetime import datetime

import strawberry

from tocsin import accounts, documents
from tocsin.documents import Doc, Scope
from tocsin.graphql import access, ids
from tocsin.graphql.context import Info
from tocsin.graphql.enums import describe
from tocsin.graphql.errors import UserError
from tocsin.graphql.node import Node
from tocsin.graphql.usage_types import QuotaUsage, usage_type

describe(
    Scope,
    "What an API token allows. A log-in allows everything that its user may do.",
    {
        "READ": "Queries and subscriptions.",
        "WRITE": "Mutations. Without READ they answer with the thing that they changed, and nothing that it leads to.",
        "ADMIN": "Queries and mutations for administrators, with READ or WRITE. For administrators' tokens only.",
    },
)


@strawberry.type(description="Someone who uses this installation.")
class User(Node):
    email: str = strawberry.field(description="The address that the user logs in with and gets mail at; in lower case.")
    is_admin: bool = strawberry.field(description="Whether the user administers this installation.")
    is_active: bool = strawberry.field(description="Whether the user may log in; false after being deactivated.")
    created_at: datetime = strawberry.field(description="When the account was made.")
    email_confirmed: bool = strawberry.field(
        description="Whether a link that was mailed to the address was used, or an administrator answers for it."
    )
    accepted: strawberry.Private[list[str]]

    @strawberry.field(
        description=(
            "Whether nothing but that link is mailed to an address before it is confirmed; false as long as this "
            "server has no mail server, and keeps mails as files."
        )
    )
    def email_confirmation_required(self, info: Info) -> bool:
        return info.context.services.settings.confirms_addresses

    @strawberry.field(
        description="Addresses of users whose workflows may ask this one to decide. Null unless it is you."
    )
    async def accepts_requests_from(self, info: Info) -> list[str] | None:
        who = await info.context.identity()
        return self.accepted if who is not None and ids.encode("User", who.user.id) == self.id else None

    @strawberry.field(
        description="How much the user uses of each quota. Null for whoever is neither the user nor an administrator."
    )
    async def usage(self, info: Info) -> list[QuotaUsage] | None:
        user_id = ids.find("User", self.id, "id")
        if info.context.token is None or user_id is None:
            return None
        if await access.owner(info) != user_id and not await access.administers(info):
            return None
        return [usage_type(usage) for usage in await info.context.services.quotas.usage(user_id)]


@strawberry.type(description="What a user has after logging in.")
class Session:
    access_token: str = strawberry.field(
        description=(
            "Send it as `Authorization: Bearer <token>`; over a WebSocket as `authorization` in the "
            "connection's parameters."
        )
    )
    access_token_expires_at: datetime = strawberry.field(
        description="Until when the access token is good, unless the session ends before. Renew it with refreshSession."
    )
    refresh_token: str = strawberry.field(
        description="What refreshSession takes, once: it answers with the next one. Keep it where no one else can read."
    )
    user: User = strawberry.field(description="Who logged in.")


@strawberry.type(description="A log-in that has not ended.")
class ActiveSession:
    id: strawberry.ID = strawberry.field(description="The session's global id, for revokeSession.")
    created_at: datetime = strawberry.field(description="When its user logged in.")
    last_refreshed_at: datetime = strawberry.field(description="When its tokens were renewed last.")
    expires_at: datetime = strawberry.field(description="When it ends if it is not renewed before.")
    address: str = strawberry.field(description="The IP address that its user logged in from.")
    user_agent: str = strawberry.field(description="The program that its user logged in with, as it calls itself.")
    is_current: bool = strawberry.field(description="Whether it is the session of the access token that asks.")


@strawberry.type(description="A token for a program. The token itself is shown only once, when it is made.")
class ApiToken:
    id: strawberry.ID = strawberry.field(description="The token's global id, for revokeApiToken. Not the token itself.")
    name: str = strawberry.field(description="What its owner calls it.")
    hint: str = strawberry.field(description="The last four characters of the token, to know it by.")
    scopes: list[Scope] = strawberry.field(description="What it allows.")
    created_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime | None = strawberry.field(description="When it ends; null if it does not end by itself.")
    last_used_at: datetime | None = strawberry.field(
        description="When it was used last, to the minute; null if it never was."
    )


@strawberry.type
class SessionPayload:
    session: Session | None = strawberry.field(description="The session; null if there are user errors.")
    user_errors: list[UserError] = strawberry.field(description="What was wrong with the input.")


def user_type(user: documents.User) -> User:
    """A stored user as he is shown."""
    return user_row({**user.model_dump(), "_id": user.id})


def user_row(user: Doc) -> User:
    """A user as he is stored, as he is shown."""
    same = ("email", "is_admin", "is_active", "created_at")
    return User(
        id=strawberry.ID(ids.encode("User", user["_id"])),
        email_confirmed=user.get("email_confirmed", True),
        accepted=user.get("accepts_requests_from", []),
        **{name: user[name] for name in same},
    )


def grant_type(grant: accounts.Grant) -> Session:
    """What a user has after logging in, as it is shown."""
    return Session(
        access_token=grant.access_token,
        access_token_expires_at=grant.expires_at,
        refresh_token=grant.refresh_token,
        user=user_type(grant.user),
    )


def session_type(session: documents.Session, current: str | None) -> ActiveSession:
    """A stored session as it is shown to its user."""
    return ActiveSession(
        id=strawberry.ID(ids.encode("Session", session.id)),
        created_at=session.created_at,
        last_refreshed_at=session.rotated_at,
        expires_at=session.expires_at,
        address=session.address,
        user_agent=session.user_agent,
        is_current=session.id == current,
    )


def api_token_type(token: documents.ApiToken) -> ApiToken:
    """A stored API token as it is shown to its user."""
    return ApiToken(
        id=strawberry.ID(ids.encode("ApiToken", token.id)),
        name=token.name,
        hint=token.hint,
        scopes=token.scopes,
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
    )
