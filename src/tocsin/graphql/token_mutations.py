"""Sessions and API tokens: what is open in your name, and how to end it."""

from datetime import datetime
from typing import Annotated

import strawberry

from tocsin import clock, documents
from tocsin.accounts import sessions
from tocsin.documents import Scope
from tocsin.errors import NotFound
from tocsin.graphql import access, ids
from tocsin.graphql.account_types import ActiveSession, ApiToken, api_token_type, session_type
from tocsin.graphql.context import Info
from tocsin.graphql.errors import UserError, caught
from tocsin.graphql.words import WHAT
from tocsin.quotas import Quota


@strawberry.input(description="An API token to make.")
class CreateApiTokenInput:
    name: str = strawberry.field(description="What to call it: 1 to 100 characters.")
    scopes: list[Scope] = strawberry.field(description="What it is to allow: at least one.")
    expires_at: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="When it is to end. Default: never by itself."
    )


@strawberry.input(description="One of your API tokens.")
class RevokeApiTokenInput:
    id: strawberry.ID = strawberry.field(description="The token's id, not the token itself.")


@strawberry.input(description="One of your sessions.")
class RevokeSessionInput:
    id: strawberry.ID = strawberry.field(description="The session's id.")


@strawberry.type(description="The answer to createApiToken.")
class CreateApiTokenPayload:
    api_token: ApiToken | None = strawberry.field(description="What was made; null if there are user errors.")
    token: str | None = strawberry.field(
        description=(
            "The token itself, shown this once: send it as `Authorization: Bearer <token>`. "
            "Null if there are user errors."
        )
    )
    user_errors: list[UserError] = strawberry.field(description="What was wrong with the input.")


@strawberry.type(description="The answer to revokeApiToken.")
class RevokeApiTokenPayload:
    revoked_api_token_id: strawberry.ID | None = strawberry.field(
        description="The id of the token that ended; null if there are user errors."
    )
    user_errors: list[UserError] = strawberry.field(description="What was wrong with the input.")


@strawberry.type(description="The answer to revokeSession.")
class RevokeSessionPayload:
    revoked_session_id: strawberry.ID | None = strawberry.field(
        description="The id of the session that ended; null if there are user errors."
    )
    user_errors: list[UserError] = strawberry.field(description="What was wrong with the input.")


@strawberry.type
class TokenQueries:
    @strawberry.field(description="Your API tokens, expired ones too, the latest first; at most 100.")
    async def api_tokens(self, info: Info) -> list[ApiToken]:
        owner = await access.owner(info)
        return [api_token_type(token) for token in await info.context.services.accounts.api_tokens(owner)]

    @strawberry.field(description="Your sessions that have not ended, the latest first; at most 100.")
    async def sessions(self, info: Info) -> list[ActiveSession]:
        who = await access.identity(info)
        found = await sessions.list_sessions(who.user.id, clock.now())
        return [session_type(session, who.session_id) for session in found]


@strawberry.type
class TokenMutations:
    @strawberry.mutation(description="Make a token for a program. It takes a log-in: an API token can make no others.")
    async def create_api_token(self, info: Info, input: Annotated[CreateApiTokenInput, WHAT]) -> CreateApiTokenPayload:
        who, service = await access.logged_in(info), info.context.services.accounts
        actor, expires_at = access.actor(info, who), input.expires_at or None

        async def create() -> tuple[documents.ApiToken, str]:
            async with info.context.services.quotas.room(who.user.id, Quota.API_TOKENS):
                return await service.create_api_token(who.user, input.name, input.scopes, expires_at, actor)

        made, faults = await caught(create())
        if made is None:
            return CreateApiTokenPayload(api_token=None, token=None, user_errors=faults)
        return CreateApiTokenPayload(api_token=api_token_type(made[0]), token=made[1], user_errors=[])

    @strawberry.mutation(
        description="End an API token: it is worthless at once, connections by it are closed. It takes a log-in."
    )
    async def revoke_api_token(self, info: Info, input: Annotated[RevokeApiTokenInput, WHAT]) -> RevokeApiTokenPayload:
        who = await access.logged_in(info)

        async def revoke() -> None:
            token_id = ids.require("ApiToken", input.id, "id")
            await info.context.services.accounts.revoke_api_token(who.user, token_id, access.actor(info, who))

        _, faults = await caught(revoke())
        return RevokeApiTokenPayload(revoked_api_token_id=None if faults else input.id, user_errors=faults)

    @strawberry.mutation(
        description="End one of your sessions: its tokens are worthless at once, its connections are closed."
    )
    async def revoke_session(self, info: Info, input: Annotated[RevokeSessionInput, WHAT]) -> RevokeSessionPayload:
        who = await access.logged_in(info)

        async def revoke() -> None:
            session_id = ids.require("Session", input.id, "id")
            if not await info.context.services.accounts.end_session(who, session_id, access.actor(info, who)):
                raise NotFound("You have no session with this id.", "id")

        _, faults = await caught(revoke())
        return RevokeSessionPayload(revoked_session_id=None if faults else input.id, user_errors=faults)
