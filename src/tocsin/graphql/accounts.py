"""Accounts: who am I, signing up, logging in."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Annotated

import strawberry

from tocsin import accounts, documents
from tocsin.graphql import ids
from tocsin.graphql.context import Info
from tocsin.graphql.errors import UserError, caught
from tocsin.graphql.words import WHAT


@strawberry.type(description="Someone who uses this installation.")
class User:
    id: strawberry.ID = strawberry.field(description="The user's global id.")
    email: str = strawberry.field(description="The address that the user logs in with and gets mail at; in lower case.")
    is_admin: bool = strawberry.field(description="Whether the user administers this installation.")
    created_at: datetime = strawberry.field(description="When the account was made.")


@strawberry.type(description="What a user has after logging in.")
class Session:
    access_token: str = strawberry.field(
        description=(
            "Send it as `Authorization: Bearer <token>`; over a WebSocket as `authorization` in the "
            "connection's parameters."
        )
    )
    access_token_expires_at: datetime = strawberry.field(description="Until when the token is good.")
    user: User = strawberry.field(description="Who logged in.")


@strawberry.input(description="A new account.")
class SignUpInput:
    email: str = strawberry.field(description="The address to log in with and to get mail at.")
    password: str = strawberry.field(description="10 to 128 characters, not one of the commonest passwords.")


@strawberry.input(description="What to log in with.")
class LogInInput:
    email: str = strawberry.field(description="The address of the account, in any case.")
    password: str = strawberry.field(description="The password of the account.")


@strawberry.type(description="The answer to signUp.")
class SignUpPayload:
    session: Session | None = strawberry.field(description="The new user's session; null if there are user errors.")
    user_errors: list[UserError] = strawberry.field(description="What was wrong with the input.")


@strawberry.type(description="The answer to logIn.")
class LogInPayload:
    session: Session | None = strawberry.field(description="The session; null if there are user errors.")
    user_errors: list[UserError] = strawberry.field(description="What was wrong with the input.")


def user_type(user: documents.User) -> User:
    """A stored user as it is shown to himself."""
    return User(
        id=strawberry.ID(ids.encode("User", user.id)),
        email=user.email,
        is_admin=user.is_admin,
        created_at=user.created_at,
    )


@strawberry.type
class AccountQueries:
    @strawberry.field(description="Who is asking.")
    async def viewer(self, info: Info) -> User:
        return user_type(await info.context.user())


@strawberry.type
class AccountMutations:
    @strawberry.mutation(
        description="Make an account and log in. Works without a token, if this installation allows it."
    )
    async def sign_up(self, info: Info, input: Annotated[SignUpInput, WHAT]) -> SignUpPayload:
        session, faults = await _session(info.context.services.accounts.sign_up(input.email, input.password))
        return SignUpPayload(session=session, user_errors=faults)

    @strawberry.mutation(description="Get an access token. Works without one.")
    async def log_in(self, info: Info, input: Annotated[LogInInput, WHAT]) -> LogInPayload:
        session, faults = await _session(info.context.services.accounts.log_in(input.email, input.password))
        return LogInPayload(session=session, user_errors=faults)


async def _session(opening: Awaitable[accounts.Session]) -> tuple[Session | None, list[UserError]]:
    session, faults = await caught(opening)
    if session is None:
        return None, faults
    user = user_type(session.user)
    return Session(access_token=session.access_token, access_token_expires_at=session.expires_at, user=user), []
