"""Mutations of sessions and API tokens."""

from datetime import datetime
from typing import Annotated

import strawberry

from tocsin.documents import Scope
from tocsin.errors import NotFound
from tocsin.graphql import access, ids
from tocsin.graphql.accounts.types import ApiToken, to_api_token
from tocsin.graphql.arguments import INPUT_ARGUMENT
from tocsin.graphql.context import Info
from tocsin.graphql.payloads import Payload, mutation, payload
from tocsin.quotas import Quota


@strawberry.input(description="Input of `createApiToken`.")
class CreateApiTokenInput:
    name: str = strawberry.field(description="Name of the token, 1 to 100 characters.")
    scopes: list[Scope] = strawberry.field(description="Permissions of the token; at least one.")
    expires_at: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Time at which the token expires. Default: never."
    )


@strawberry.input(description="Input of `revokeApiToken`.")
class RevokeApiTokenInput:
    id: strawberry.ID = strawberry.field(description="Global ID of the API token; not the token itself.")


@strawberry.input(description="Input of `revokeSession`.")
class RevokeSessionInput:
    id: strawberry.ID = strawberry.field(description="Global ID of the session.")


@payload
class CreateApiTokenPayload(Payload):
    api_token: ApiToken | None = strawberry.field(description="The new API token; null if there are user errors.")
    token: str | None = strawberry.field(
        description=(
            "The token itself, to be sent as `Authorization: Bearer <token>`. It cannot be retrieved later. Null if "
            "there are user errors."
        )
    )


@payload
class RevokeApiTokenPayload(Payload):
    revoked_api_token_id: strawberry.ID | None = strawberry.field(
        description="Global ID of the revoked API token; null if there are user errors."
    )


@payload
class RevokeOtherSessionsPayload(Payload):
    revoked_count: int | None = strawberry.field(
        description="Number of sessions that were ended; null if there are user errors."
    )


@payload
class RevokeSessionPayload(Payload):
    revoked_session_id: strawberry.ID | None = strawberry.field(
        description="Global ID of the ended session; null if there are user errors."
    )


@strawberry.type
class TokenMutations:
    @mutation(
        description=(
            "Create an API token for a program. Requires a session instead of an API token. At most 20 a day can be "
            "created; your account is told of each by mail."
        )
    )
    async def create_api_token(
        self, info: Info, input: Annotated[CreateApiTokenInput, INPUT_ARGUMENT]
    ) -> CreateApiTokenPayload:
        who, services = await access.require_logged_in(info), info.context.services
        async with services.quotas.reserve(who.user.id, Quota.API_TOKENS):
            token, text = await services.accounts.create_api_token(
                who.user, input.name, input.scopes, input.expires_at or None, access.audit_actor(info, who)
            )
        return CreateApiTokenPayload(api_token=to_api_token(token), token=text)

    @mutation(
        description=(
            "Revoke an API token. It becomes invalid and its connections are closed immediately. Requires a session "
            "instead of an API token."
        )
    )
    async def revoke_api_token(
        self, info: Info, input: Annotated[RevokeApiTokenInput, INPUT_ARGUMENT]
    ) -> RevokeApiTokenPayload:
        who, service = await access.require_logged_in(info), info.context.services.accounts
        token_id = ids.require_id("ApiToken", input.id, "id")
        await service.revoke_api_token(who.user, token_id, access.audit_actor(info, who))
        return RevokeApiTokenPayload(revoked_api_token_id=input.id)

    @mutation(
        description=(
            "End one of your sessions. Its tokens become invalid and its connections are closed immediately. Requires "
            "a session instead of an API token."
        )
    )
    async def revoke_session(
        self, info: Info, input: Annotated[RevokeSessionInput, INPUT_ARGUMENT]
    ) -> RevokeSessionPayload:
        who, service = await access.require_logged_in(info), info.context.services.accounts
        session_id = ids.require_id("Session", input.id, "id")
        if not await service.end_session(who, session_id, access.audit_actor(info, who)):
            raise NotFound("You have no session with this id.", "id")
        return RevokeSessionPayload(revoked_session_id=input.id)

    @mutation(
        description=(
            "End all of your sessions except this one. Their tokens become invalid and their connections are closed "
            "immediately. Requires a session instead of an API token."
        )
    )
    async def revoke_other_sessions(self, info: Info) -> RevokeOtherSessionsPayload:
        who, service = await access.require_logged_in(info), info.context.services.accounts
        count = await service.end_other_sessions(who, access.audit_actor(info, who))
        return RevokeOtherSessionsPayload(revoked_count=count)
