"""Accounts: who am I, signing up, logging in and out, passwords, links that were mailed."""

from collections.abc import Awaitable
from typing import Annotated, TypeVar

import strawberry

from tocsin import accounts
from tocsin.graphql import access
from tocsin.graphql.account_types import SessionPayload, User, grant_type, user_type
from tocsin.graphql.context import Info
from tocsin.graphql.errors import UserError, caught
from tocsin.graphql.words import WHAT

P = TypeVar("P", bound=SessionPayload)
_PASSWORD = "10 to 128 characters, not one of the commonest passwords."  # noqa: S105  # a description


@strawberry.input(description="A new account.")
class SignUpInput:
    email: str = strawberry.field(description="The address to log in with and to get mail at.")
    password: str = strawberry.field(description=_PASSWORD)


@strawberry.input(description="What to log in with.")
class LogInInput:
    email: str = strawberry.field(description="The address of the account, in any case.")
    password: str = strawberry.field(description="The password of the account.")


@strawberry.input(description="The session to renew.")
class RefreshSessionInput:
    refresh_token: str = strawberry.field(description="The latest refresh token of the session.")


@strawberry.input(description="The session to end.")
class LogOutInput:
    refresh_token: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="A refresh token of the session. Default: the session of the access token that asks.",
    )


@strawberry.input(description="A new password for your account.")
class ChangePasswordInput:
    current_password: str = strawberry.field(description="The password that is to be replaced.")
    new_password: str = strawberry.field(description=_PASSWORD)


@strawberry.input(description="The account whose password was forgotten.")
class RequestPasswordResetInput:
    email: str = strawberry.field(description="The address of the account.")


@strawberry.input(description="A new password, by a mailed link.")
class ResetPasswordInput:
    token: str = strawberry.field(description="The text behind `#reset=` in the link.")
    password: str = strawberry.field(description=_PASSWORD)


@strawberry.input(description="An account, by a mailed invitation.")
class AcceptInvitationInput:
    token: str = strawberry.field(description="The text behind `#invitation=` in the link.")
    password: str = strawberry.field(description=_PASSWORD)


@strawberry.type(description="The answer to signUp.")
class SignUpPayload(SessionPayload):
    pass


@strawberry.type(description="The answer to logIn.")
class LogInPayload(SessionPayload):
    pass


@strawberry.type(description="The answer to refreshSession.")
class RefreshSessionPayload(SessionPayload):
    pass


@strawberry.type(description="The answer to resetPassword.")
class ResetPasswordPayload(SessionPayload):
    pass


@strawberry.type(description="The answer to acceptInvitation.")
class AcceptInvitationPayload(SessionPayload):
    pass


@strawberry.type(description="The answer to logOut.")
class LogOutPayload:
    user_errors: list[UserError] = strawberry.field(description="What was wrong with the input.")


@strawberry.type(description="The answer to changePassword.")
class ChangePasswordPayload:
    user: User | None = strawberry.field(description="Whose password was changed; null if there are user errors.")
    user_errors: list[UserError] = strawberry.field(description="What was wrong with the input.")


@strawberry.type(description="The answer to requestPasswordReset, the same whether or not there is such an account.")
class RequestPasswordResetPayload:
    user_errors: list[UserError] = strawberry.field(description="What was wrong with the input.")


@strawberry.type
class AccountQueries:
    @strawberry.field(description="Who is asking.")
    async def viewer(self, info: Info) -> User:
        return user_type(await access.user(info))


@strawberry.type
class AccountMutations:
    @strawberry.mutation(
        description="Make an account and log in. Works without a token, if this installation allows it."
    )
    async def sign_up(self, info: Info, input: Annotated[SignUpInput, WHAT]) -> SignUpPayload:
        context = info.context
        access.require_room(info)
        await context.attempt("signUp")
        opening = context.services.accounts.sign_up(input.email, input.password, context.actor)
        return await _payload(SignUpPayload, opening)

    @strawberry.mutation(description="Open a session. Works without a token.")
    async def log_in(self, info: Info, input: Annotated[LogInInput, WHAT]) -> LogInPayload:
        context = info.context
        await context.attempt("logIn", input.email)
        opening = context.services.accounts.log_in(input.email, input.password, context.actor)
        return await _payload(LogInPayload, opening)

    @strawberry.mutation(
        description=(
            "Get new tokens for a session. Works without an access token. A refresh token is good once: when it is "
            "used again later, somebody has a copy, so the session ends and its user is told by mail."
        )
    )
    async def refresh_session(self, info: Info, input: Annotated[RefreshSessionInput, WHAT]) -> RefreshSessionPayload:
        context = info.context
        await context.attempt("refreshSession")
        opening = context.services.accounts.refresh(input.refresh_token, context.actor)
        return await _payload(RefreshSessionPayload, opening)

    @strawberry.mutation(
        description=(
            "End a session: its tokens are worthless at once, its connections are closed. Works without an access "
            "token. A session that has ended already is no error."
        )
    )
    async def log_out(self, info: Info, input: Annotated[LogOutInput, WHAT]) -> LogOutPayload:
        service = info.context.services.accounts
        if input.refresh_token:
            await service.log_out(input.refresh_token, info.context.actor)
        else:
            who = await access.logged_in(info)
            await service.end_session(who, who.session_id or "", access.actor(info, who))
        return LogOutPayload(user_errors=[])

    @strawberry.mutation(
        description="Change your password. Your other sessions end; API tokens stay. You are told by mail."
    )
    async def change_password(self, info: Info, input: Annotated[ChangePasswordInput, WHAT]) -> ChangePasswordPayload:
        who, service = await access.logged_in(info), info.context.services.accounts
        await info.context.attempt("changePassword", who.user.email)
        changing = service.change_password(who, input.current_password, input.new_password, access.actor(info, who))
        user, faults = await caught(changing)
        return ChangePasswordPayload(user=user and user_type(user), user_errors=faults)

    @strawberry.mutation(
        description=(
            "Get a mail with a link to choose a new password, good for an hour. Works without a token. The answer is "
            "the same whether or not there is such an account."
        )
    )
    async def request_password_reset(
        self, info: Info, input: Annotated[RequestPasswordResetInput, WHAT]
    ) -> RequestPasswordResetPayload:
        await info.context.attempt("requestPasswordReset", input.email)
        _, faults = await caught(info.context.services.mailing.request_reset(input.email, info.context.actor))
        return RequestPasswordResetPayload(user_errors=faults)

    @strawberry.mutation(
        description="Choose a new password by a mailed link, and log in. All other sessions end. Works without a token."
    )
    async def reset_password(self, info: Info, input: Annotated[ResetPasswordInput, WHAT]) -> ResetPasswordPayload:
        await info.context.attempt("resetPassword")
        opening = info.context.services.mailing.reset(input.token, input.password, info.context.actor)
        return await _payload(ResetPasswordPayload, opening)

    @strawberry.mutation(description="Make an account by a mailed invitation, and log in. Works without a token.")
    async def accept_invitation(
        self, info: Info, input: Annotated[AcceptInvitationInput, WHAT]
    ) -> AcceptInvitationPayload:
        access.require_room(info)
        await info.context.attempt("acceptInvitation")
        opening = info.context.services.mailing.accept(input.token, input.password, info.context.actor)
        return await _payload(AcceptInvitationPayload, opening)


async def _payload(kind: type[P], opening: Awaitable[accounts.Grant]) -> P:
    grant, faults = await caught(opening)
    return kind(session=None if grant is None else grant_type(grant), user_errors=faults)
