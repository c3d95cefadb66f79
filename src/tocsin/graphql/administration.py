"""What administrators do with users."""

from datetime import datetime
from typing import Annotated

import strawberry

from tocsin import accounts, documents
from tocsin.accounts import Actor
from tocsin.errors import Conflict
from tocsin.graphql import access, ids
from tocsin.graphql.account_types import User, user_type
from tocsin.graphql.context import Info
from tocsin.graphql.errors import UserError, caught
from tocsin.graphql.words import WHAT
from tocsin.quotas import Quota


@strawberry.input(description="Someone to invite.")
class InviteUserInput:
    email: str = strawberry.field(description="The address that the invitation is mailed to.")
    is_admin: bool = strawberry.field(default=False, description="Whether the new user is to be an administrator.")


@strawberry.input(description="A change of a user. What is absent stays as it is.")
class UpdateUserInput:
    id: strawberry.ID = strawberry.field(description="The user.")
    is_admin: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether the user administers this installation."
    )


@strawberry.input(description="Another limit for one user.")
class SetUserQuotaInput:
    id: strawberry.ID = strawberry.field(description="The user.")
    quota: Quota = strawberry.field(description="What it limits.")
    limit: int | None = strawberry.field(
        description="How much the user may use: a count, or megabytes. 0 for as much as they like, null for what all "
        "others may use."
    )


@strawberry.input(description="A user.")
class UserIdInput:
    id: strawberry.ID = strawberry.field(description="The user.")


@strawberry.type(description="An invitation that was mailed.")
class Invitation:
    email: str = strawberry.field(description="The address that it was mailed to.")
    is_admin: bool = strawberry.field(description="Whether the new user will be an administrator.")
    expires_at: datetime = strawberry.field(description="Until when it can be accepted.")


@strawberry.type(description="The answer to inviteUser.")
class InviteUserPayload:
    invitation: Invitation | None = strawberry.field(description="The invitation; null if there are user errors.")
    user_errors: list[UserError] = strawberry.field(description="What was wrong with the input.")


@strawberry.type
class UserPayload:
    user: User | None = strawberry.field(description="The user as he is now; null if there are user errors.")
    user_errors: list[UserError] = strawberry.field(description="What was wrong with the input.")


@strawberry.type(description="The answer to updateUser.")
class UpdateUserPayload(UserPayload):
    pass


@strawberry.type(description="The answer to deactivateUser.")
class DeactivateUserPayload(UserPayload):
    pass


@strawberry.type(description="The answer to activateUser.")
class ActivateUserPayload(UserPayload):
    pass


@strawberry.type(description="The answer to setUserQuota.")
class SetUserQuotaPayload(UserPayload):
    pass


@strawberry.type
class AdministrationMutations:
    @strawberry.mutation(
        description=(
            "For administrators: mail an invitation, good for seven days, also while sign-up is closed. "
            "An earlier one to the same address becomes worthless, and so does this one when you are an administrator "
            "no longer. To invite an administrator takes a log-in: no API token can."
        )
    )
    async def invite_user(self, info: Info, input: Annotated[InviteUserInput, WHAT]) -> InviteUserPayload:
        admin = await access.administrator(info)
        if input.is_admin:
            access.require_log_in(admin)
        inviting = info.context.services.mailing.invite(input.email, input.is_admin, access.actor(info, admin))
        link, faults = await caught(inviting)
        if link is None:
            return InviteUserPayload(invitation=None, user_errors=faults)
        invitation = Invitation(email=link.email, is_admin=link.is_admin, expires_at=link.expires_at)
        return InviteUserPayload(invitation=invitation, user_errors=[])

    @strawberry.mutation(
        description=(
            "For administrators: make a user an administrator, which takes a log-in (no API token can), or no longer "
            "one: then the invitations of that user become worthless."
        )
    )
    async def update_user(self, info: Info, input: Annotated[UpdateUserInput, WHAT]) -> UpdateUserPayload:
        admin = await access.administrator(info)
        if input.is_admin:
            access.require_log_in(admin)
        user, faults = await caught(_update(admin.user, input, access.actor(info, admin)))
        return UpdateUserPayload(user=user and user_type(user), user_errors=faults)

    @strawberry.mutation(
        description=(
            "For administrators: lock a user out. His sessions and API tokens end and his connections are closed at "
            "once; all his tasks are paused."
        )
    )
    async def deactivate_user(self, info: Info, input: Annotated[UserIdInput, WHAT]) -> DeactivateUserPayload:
        admin = await access.administrator(info)
        database = info.context.services.database
        user, faults = await caught(_deactivate(database, admin.user, input.id, access.actor(info, admin)))
        return DeactivateUserPayload(user=user and user_type(user), user_errors=faults)

    @strawberry.mutation(
        description=(
            "For administrators: let a user in again, whose tasks stay paused until they resume them. For another "
            "administrator it takes a log-in: no API token can."
        )
    )
    async def activate_user(self, info: Info, input: Annotated[UserIdInput, WHAT]) -> ActivateUserPayload:
        admin = await access.administrator(info)

        async def activate() -> documents.User:
            user = await _found(input.id)
            if user.is_admin and not user.is_active:
                access.require_log_in(admin)
            return await accounts.activate(user, access.actor(info, admin))

        user, faults = await caught(activate())
        return ActivateUserPayload(user=user and user_type(user), user_errors=faults)

    @strawberry.mutation(description="For administrators: raise, lower or lift one quota of one user.")
    async def set_user_quota(self, info: Info, input: Annotated[SetUserQuotaInput, WHAT]) -> SetUserQuotaPayload:
        admin = await access.administrator(info)
        services, actor = info.context.services, access.actor(info, admin)

        async def change() -> documents.User:
            user = await accounts.set_quota(await _found(input.id), input.quota, input.limit, actor)
            services.quotas.limits.learn(user.id, user.quotas)
            return user

        user, faults = await caught(change())
        return SetUserQuotaPayload(user=user and user_type(user), user_errors=faults)


async def _found(global_id: str) -> documents.User:
    return await accounts.require_user(ids.require("User", global_id, "id"))


async def _update(admin: documents.User, given: UpdateUserInput, actor: Actor) -> documents.User:
    user = await _found(given.id)
    if not isinstance(given.is_admin, bool) or given.is_admin == user.is_admin:
        return user
    _not_himself(admin, user, "be demoted")
    return await accounts.promote(user, actor, given.is_admin)


async def _deactivate(
    database: documents.Database, admin: documents.User, global_id: str, actor: Actor
) -> documents.User:
    user = await _found(global_id)
    _not_himself(admin, user, "be deactivated")
    await accounts.deactivate(database, user, actor)
    return await accounts.require_user(user.id)


def _not_himself(admin: documents.User, user: documents.User, what: str) -> None:
    """So that there is always an administrator left: the one who is asking."""
    if user.id == admin.id:
        raise Conflict(
            f"You cannot {what} by yourself. Let another administrator do it, or use the command line.", "id"
        )
