"""Accounts: who am I, signing up, logging in and out, passwords, links that were mailed."""

from collections.abc import Awaitable
from typing import Annotated, TypeVar

import strawberry

from tocsin import accounts, documents
from tocsin.accounts.requests import RequestRules, accept_requests, refuse_requests
from tocsin.graphql import access
from tocsin.graphql.account_types import SessionPayload, User, grant_type, user_type
from tocsin.graphql.context import Context, Info, Services
from tocsin.graphql.errors import UserError, caught
from tocsin.graphql.words import WHAT
from tocsin.workflows.letters import Letters

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


@strawberry.input(description="A confirmed address, by a mailed link.")
class ConfirmEmailInput:
    token: str = strawberry.field(description="The text behind `#confirmation=` in the link.")
    password: str = strawberry.field(description="The password of the account that the link was mailed for.")


@strawberry.input(description="A user whose workflows may ask you to decide, or may no longer.")
class RequestsFromInput:
    email: str = strawberry.field(description="The address of the user.")


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


@strawberry.type(description="The answer to confirmEmail.")
class ConfirmEmailPayload(SessionPayload):
    pass


@strawberry.type(description="The answer to requestEmailConfirmation.")
class RequestEmailConfirmationPayload:
    email: str | None = strawberry.field(description="Where the mail goes; null if there are user errors.")
    user_errors: list[UserError] = strawberry.field(description="What was wrong with the input.")


@strawberry.type(description="The answer to acceptRequestsFrom and refuseRequestsFrom.")
class RequestsFromPayload:
    email: str | None = strawberry.field(description="The address, as it is compared; null if there are user errors.")
    user_errors: list[UserError] = strawberry.field(description="What was wrong with the input.")


@strawberry.type
class AccountQueries:
    @strawberry.field(description="Who is asking.")
    async def viewer(self, info: Info) -> User:
        return user_type(await access.user(info))


@strawberry.type
class AccountMutations:
    @strawberry.mutation(
        description=(
            "Make an account and log in. Works without a token, if this installation allows it. A link to confirm "
            "the address is mailed to it; before that it gets no other mail, and jobs of the account send none."
        )
    )
    async def sign_up(self, info: Info, input: Annotated[SignUpInput, WHAT]) -> SignUpPayload:
        context = info.context
        access.require_room(info)
        await context.attempt("signUp")
        return await _payload(SignUpPayload, _sign_up(context, input), context)

    @strawberry.mutation(description="Open a session. Works without a token.")
    async def log_in(self, info: Info, input: Annotated[LogInInput, WHAT]) -> LogInPayload:
        context = info.context
        await context.attempt("logIn", input.email)
        opening = context.services.accounts.log_in(input.email, input.password, context.actor)
        return await _payload(LogInPayload, opening, info.context)

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
        grant, faults = await caught(opening)
        return RefreshSessionPayload(session=None if grant is None else grant_type(grant), user_errors=faults)

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
        return await _payload(ResetPasswordPayload, opening, info.context)

    @strawberry.mutation(description="Make an account by a mailed invitation, and log in. Works without a token.")
    async def accept_invitation(
        self, info: Info, input: Annotated[AcceptInvitationInput, WHAT]
    ) -> AcceptInvitationPayload:
        access.require_room(info)
        await info.context.attempt("acceptInvitation")
        opening = info.context.services.mailing.accept(input.token, input.password, info.context.actor)
        return await _payload(AcceptInvitationPayload, opening, info.context)

    @strawberry.mutation(
        description=(
            "Confirm your address by a mailed link and your password, and log in. The first time, all sessions and API "
            "tokens from before end. Works without a token."
        )
    )
    async def confirm_email(self, info: Info, input: Annotated[ConfirmEmailInput, WHAT]) -> ConfirmEmailPayload:
        await info.context.attempt("confirmEmail", input.token)  # each link has its attempts, as an account has
        opening = info.context.services.mailing.confirm(input.token, input.password, info.context.actor)
        return await _payload(ConfirmEmailPayload, opening, info.context)

    @strawberry.mutation(
        description=(
            "Get another mail with a link to confirm your address, good for three days: at most three in an hour. "
            "Earlier links become worthless."
        )
    )
    async def request_email_confirmation(self, info: Info) -> RequestEmailConfirmationPayload:
        who, mailing = await access.logged_in(info), info.context.services.mailing
        asking = mailing.request_confirmation(who.user, access.actor(info, who))
        _, faults = await caught(asking)
        return RequestEmailConfirmationPayload(email=None if faults else who.user.email, user_errors=faults)

    @strawberry.mutation(
        description=(
            "Let the workflows of another user ask you by mail to decide. What they wait for already is asked now. "
            "The answer is the same whether or not the address has an account."
        )
    )
    async def accept_requests_from(self, info: Info, input: Annotated[RequestsFromInput, WHAT]) -> RequestsFromPayload:
        who = await access.logged_in(info)
        await info.context.attempt("acceptRequestsFrom")
        email, faults = await caught(_accept(info.context.services, who.user, input.email))
        return RequestsFromPayload(email=email, user_errors=faults)

    @strawberry.mutation(description="Let the workflows of another user ask you by mail no more.")
    async def refuse_requests_from(self, info: Info, input: Annotated[RequestsFromInput, WHAT]) -> RequestsFromPayload:
        who, database = await access.logged_in(info), info.context.services.database
        email, faults = await caught(refuse_requests(database, who.user, input.email))
        return RequestsFromPayload(email=email, user_errors=faults)


async def _sign_up(context: Context, given: SignUpInput) -> accounts.Grant:
    services = context.services
    grant = await services.accounts.sign_up(given.email, given.password, context.actor)
    await services.mailing.welcome(grant.user, context.actor)
    return grant


async def _accept(services: Services, user: documents.User, email: str) -> str:
    address, is_new = await accept_requests(services.database, user, email)
    if is_new:
        letters = Letters(services.database, RequestRules.of(services.settings))
        await letters.ask_again(await accounts.require_user(user.id), address)
    return address


async def _payload(kind: type[P], opening: Awaitable[accounts.Grant], context: Context) -> P:
    """Open a session for somebody who has proved that the account is theirs."""
    grant, faults = await caught(opening)
    if grant is not None:
        await context.succeeded(grant.user.email)
    return kind(session=None if grant is None else grant_type(grant), user_errors=faults)
