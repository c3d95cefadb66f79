"""Mutations that let administrators manage users."""

from datetime import datetime
from typing import Annotated

import strawberry

from tocsin import accounts, documents
from tocsin.errors import Conflict
from tocsin.graphql import access, ids
from tocsin.graphql.accounts.types import User, to_user
from tocsin.graphql.arguments import INPUT_ARGUMENT
from tocsin.graphql.context import Info
from tocsin.graphql.payloads import Payload, mutation, payload
from tocsin.quotas import Quota


@strawberry.input(description="Input of `inviteUser`.")
class InviteUserInput:
    email: str = strawberry.field(description="Email address that the invitation is sent to.")
    is_admin: bool = strawberry.field(
        default=False, description="Whether the new user becomes an administrator. Requires a session."
    )


@strawberry.input(description="Input of `updateUser`. Omitted fields stay unchanged.")
class UpdateUserInput:
    id: strawberry.ID = strawberry.field(description="Global ID of the user.")
    is_admin: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether the user is an administrator of this installation."
    )


@strawberry.input(description="Input of `setUserQuota`.")
class SetUserQuotaInput:
    id: strawberry.ID = strawberry.field(description="Global ID of the user.")
    quota: Quota = strawberry.field(description="Quota to set.")
    limit: int | None = strawberry.field(
        description=(
            "The new limit: megabytes for STORAGE, a count for all others. 0 lifts the limit, null resets it to the "
            "default of this installation."
        )
    )


@strawberry.input(description="Input of mutations that take a user.")
class UserIdInput:
    id: strawberry.ID = strawberry.field(description="Global ID of the user.")


@strawberry.type(description="A mailed invitation to create an account.")
class Invitation:
    email: str = strawberry.field(description="Address that the invitation was sent to.")
    is_admin: bool = strawberry.field(description="Whether the new user becomes an administrator.")
    expires_at: datetime = strawberry.field(description="Time at which the invitation expires.")


@payload
class InviteUserPayload(Payload):
    invitation: Invitation | None = strawberry.field(description="The invitation; null if there are user errors.")


@strawberry.type
class UserPayload(Payload):
    user: User | None = strawberry.field(description="The user after the change; null if there are user errors.")


@payload
class UpdateUserPayload(UserPayload):
    pass


@payload
class DeactivateUserPayload(UserPayload):
    pass


@payload
class ActivateUserPayload(UserPayload):
    pass


@payload
class SetUserQuotaPayload(UserPayload):
    pass


@payload
class LogOutUserPayload(Payload):
    ended_session_count: int | None = strawberry.field(
        description="Number of sessions that were ended; null if there are user errors."
    )


@strawberry.type
class AdministrationMutations:
    @mutation(
        description=(
            "Invite a user by mail. Requires administrator access; inviting an administrator also requires a session "
            "instead of an API token. The invitation is valid for seven days, even while sign-up is closed. It "
            "replaces earlier ones to the same address, and becomes invalid if you stop being an administrator."
        )
    )
    async def invite_user(self, info: Info, input: Annotated[InviteUserInput, INPUT_ARGUMENT]) -> InviteUserPayload:
        admin = await access.require_administrator(info)
        if input.is_admin:
            access.refuse_api_token(admin)
        mailing, actor = info.context.services.mailing, access.audit_actor(info, admin)
        link = await mailing.invite_user(input.email, input.is_admin, actor)
        return InviteUserPayload(
            invitation=Invitation(email=link.email, is_admin=link.is_admin, expires_at=link.expires_at)
        )

    @mutation(
        description=(
            "Grant or revoke administrator access of a user. Requires administrator access; granting it also requires "
            "a session instead of an API token. Revoking it invalidates the invitations that the user has sent."
        )
    )
    async def update_user(self, info: Info, input: Annotated[UpdateUserInput, INPUT_ARGUMENT]) -> UpdateUserPayload:
        admin = await access.require_administrator(info)
        if input.is_admin:
            access.refuse_api_token(admin)
        user = await _require_user(input.id)
        if isinstance(input.is_admin, bool) and input.is_admin != user.is_admin:
            _refuse_self(admin.user, user, "demote")
            user = await accounts.set_admin(user, access.audit_actor(info, admin), input.is_admin)
        return UpdateUserPayload(user=to_user(user))

    @mutation(
        description=(
            "Deactivate a user. Requires administrator access. Their sessions and API tokens end, their connections "
            "are closed, and their tasks are paused."
        )
    )
    async def deactivate_user(self, info: Info, input: Annotated[UserIdInput, INPUT_ARGUMENT]) -> DeactivateUserPayload:
        admin = await access.require_administrator(info)
        user = await _require_user(input.id)
        _refuse_self(admin.user, user, "deactivate")
        await accounts.deactivate_user(info.context.services.database, user, access.audit_actor(info, admin))
        return DeactivateUserPayload(user=to_user(await accounts.require_user(user.id)))

    @mutation(
        description=(
            "Reactivate a user. Requires administrator access; reactivating an administrator also requires a session "
            "instead of an API token. Their tasks stay paused until they resume them."
        )
    )
    async def activate_user(self, info: Info, input: Annotated[UserIdInput, INPUT_ARGUMENT]) -> ActivateUserPayload:
        admin = await access.require_administrator(info)
        user = await _require_user(input.id)
        if user.is_admin and not user.is_active:
            access.refuse_api_token(admin)
        return ActivateUserPayload(user=to_user(await accounts.activate_user(user, access.audit_actor(info, admin))))

    @mutation(
        description=(
            "End all sessions of a user, who has to log in again. Requires administrator access. Their API tokens stay "
            "valid and their tasks run on."
        )
    )
    async def log_out_user(self, info: Info, input: Annotated[UserIdInput, INPUT_ARGUMENT]) -> LogOutUserPayload:
        admin = await access.require_administrator(info)
        user = await _require_user(input.id)
        database = info.context.services.database
        count = await accounts.log_out_everywhere(database, user, access.audit_actor(info, admin))
        return LogOutUserPayload(ended_session_count=count)

    @mutation(description="Set or reset one quota of one user. Requires administrator access.")
    async def set_user_quota(
        self, info: Info, input: Annotated[SetUserQuotaInput, INPUT_ARGUMENT]
    ) -> SetUserQuotaPayload:
        admin = await access.require_administrator(info)
        user = await _require_user(input.id)
        user = await accounts.set_quota(user, input.quota, input.limit, access.audit_actor(info, admin))
        info.context.services.quotas.limits.set_override(user.id, user.quotas)
        return SetUserQuotaPayload(user=to_user(user))


async def _require_user(global_id: str) -> documents.User:
    return await accounts.require_user(ids.require_id("User", global_id, "id"))


def _refuse_self(admin: documents.User, user: documents.User, what: str) -> None:
    """Raise Conflict if administrators act on themselves: this way one always remains."""
    if user.id == admin.id:
        raise Conflict(f"You cannot {what} yourself. Ask another administrator, or use the command line.", "id")
