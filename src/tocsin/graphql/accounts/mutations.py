"""The viewer, and mutations of their account: sign-up, sessions, passwords, mailed links."""

from collections.abc import Awaitable
from typing import Annotated, TypeVar

import strawberry

from tocsin import accounts, documents
from tocsin.accounts.approval_requests import ApprovalRequestRules, accept_requests, refuse_requests
from tocsin.graphql import access
from tocsin.graphql.accounts.inputs import (
    AcceptInvitationInput,
    AcceptInvitationPayload,
    ChangePasswordInput,
    ChangePasswordPayload,
    ConfirmEmailInput,
    ConfirmEmailPayload,
    LogInInput,
    LogInPayload,
    LogOutInput,
    LogOutPayload,
    RefreshSessionInput,
    RefreshSessionPayload,
    RequestEmailConfirmationPayload,
    RequestPasswordResetInput,
    RequestPasswordResetPayload,
    RequestsFromInput,
    RequestsFromPayload,
    ResetPasswordInput,
    ResetPasswordPayload,
    SignUpInput,
    SignUpPayload,
)
from tocsin.graphql.accounts.types import SessionPayload, to_session, to_user
from tocsin.graphql.arguments import INPUT_ARGUMENT
from tocsin.graphql.context import Context, Info, Services
from tocsin.graphql.errors import collect_user_errors
from tocsin.workflows.approval_mails import ApprovalMails

P = TypeVar("P", bound=SessionPayload)


@strawberry.type
class AccountMutations:
    @strawberry.mutation(
        description=(
            "Create an account and open a session. Requires no token; fails with SIGN_UP_CLOSED if this installation "
            "does not allow sign-up. A confirmation link is mailed to the address. Until it is used, the address "
            "receives no other mail and jobs of the account send none."
        )
    )
    async def sign_up(self, info: Info, input: Annotated[SignUpInput, INPUT_ARGUMENT]) -> SignUpPayload:
        context = info.context
        access.require_disk_space(info)
        await context.count_attempt("signUp")
        return await _payload(SignUpPayload, _sign_up(context, input), context)

    @strawberry.mutation(description="Open a session. Requires no token.")
    async def log_in(self, info: Info, input: Annotated[LogInInput, INPUT_ARGUMENT]) -> LogInPayload:
        context = info.context
        await context.count_attempt("logIn", input.email)
        opening = context.services.accounts.log_in(input.email, input.password, context.actor)
        return await _payload(LogInPayload, opening, info.context)

    @strawberry.mutation(
        description=(
            "Exchange a refresh token for new tokens. Requires no access token. Each refresh token is valid once: "
            "using it again later is taken as theft, which ends the session and notifies the user by mail."
        )
    )
    async def refresh_session(
        self, info: Info, input: Annotated[RefreshSessionInput, INPUT_ARGUMENT]
    ) -> RefreshSessionPayload:
        context = info.context
        await context.count_attempt("refreshSession")
        opening = context.services.accounts.refresh_tokens(input.refresh_token, context.actor)
        grant, errors = await collect_user_errors(opening)
        return RefreshSessionPayload(session=None if grant is None else to_session(grant), user_errors=errors)

    @strawberry.mutation(
        description=(
            "End a session. Its tokens become invalid and its connections are closed immediately. Requires no access "
            "token if a refresh token is given. Ending a session twice is not an error."
        )
    )
    async def log_out(self, info: Info, input: Annotated[LogOutInput, INPUT_ARGUMENT]) -> LogOutPayload:
        service = info.context.services.accounts
        if input.refresh_token:
            await service.log_out(input.refresh_token, info.context.actor)
        else:
            who = await access.require_logged_in(info)
            await service.end_session(who, who.session_id or "", access.audit_actor(info, who))
        return LogOutPayload(user_errors=[])

    @strawberry.mutation(
        description=(
            "Change your password. Ends your other sessions and keeps your API tokens. You are notified by mail."
        )
    )
    async def change_password(
        self, info: Info, input: Annotated[ChangePasswordInput, INPUT_ARGUMENT]
    ) -> ChangePasswordPayload:
        who, service = await access.require_logged_in(info), info.context.services.accounts
        await info.context.count_attempt("changePassword", who.user.email)
        changing = service.change_password(
            who, input.current_password, input.new_password, access.audit_actor(info, who)
        )
        user, errors = await collect_user_errors(changing)
        return ChangePasswordPayload(user=user and to_user(user), user_errors=errors)

    @strawberry.mutation(
        description=(
            "Request a mail with a link to set a new password, valid for one hour. Requires no token. The result is "
            "the same whether or not the account exists."
        )
    )
    async def request_password_reset(
        self, info: Info, input: Annotated[RequestPasswordResetInput, INPUT_ARGUMENT]
    ) -> RequestPasswordResetPayload:
        await info.context.count_attempt("requestPasswordReset", input.email)
        _, errors = await collect_user_errors(
            info.context.services.mailing.request_password_reset(input.email, info.context.actor)
        )
        return RequestPasswordResetPayload(user_errors=errors)

    @strawberry.mutation(
        description=(
            "Set a new password with a mailed link and open a session. Ends all other sessions. Requires no token."
        )
    )
    async def reset_password(
        self, info: Info, input: Annotated[ResetPasswordInput, INPUT_ARGUMENT]
    ) -> ResetPasswordPayload:
        await info.context.count_attempt("resetPassword")
        opening = info.context.services.mailing.reset_password(input.token, input.password, info.context.actor)
        return await _payload(ResetPasswordPayload, opening, info.context)

    @strawberry.mutation(
        description="Create an account with a mailed invitation and open a session. Requires no token."
    )
    async def accept_invitation(
        self, info: Info, input: Annotated[AcceptInvitationInput, INPUT_ARGUMENT]
    ) -> AcceptInvitationPayload:
        access.require_disk_space(info)
        await info.context.count_attempt("acceptInvitation")
        opening = info.context.services.mailing.accept_invitation(input.token, input.password, info.context.actor)
        return await _payload(AcceptInvitationPayload, opening, info.context)

    @strawberry.mutation(
        description=(
            "Confirm your email address with a mailed link and your password, and open a session. The first "
            "confirmation ends all earlier sessions and API tokens. Requires no token."
        )
    )
    async def confirm_email(
        self, info: Info, input: Annotated[ConfirmEmailInput, INPUT_ARGUMENT]
    ) -> ConfirmEmailPayload:
        await info.context.count_attempt(
            "confirmEmail", input.token
        )  # attempts are limited per link, as they are per account
        opening = info.context.services.mailing.confirm_email(input.token, input.password, info.context.actor)
        return await _payload(ConfirmEmailPayload, opening, info.context)

    @strawberry.mutation(
        description=(
            "Request another mail with a confirmation link, valid for three days. At most three per hour. Earlier "
            "links become invalid."
        )
    )
    async def request_email_confirmation(self, info: Info) -> RequestEmailConfirmationPayload:
        who, mailing = await access.require_logged_in(info), info.context.services.mailing
        asking = mailing.request_email_confirmation(who.user, access.audit_actor(info, who))
        _, errors = await collect_user_errors(asking)
        return RequestEmailConfirmationPayload(email=None if errors else who.user.email, user_errors=errors)

    @strawberry.mutation(
        description=(
            "Allow the workflows of another user to send you approval requests by mail. Requests that are already "
            "pending are sent now. The result is the same whether or not the address has an account."
        )
    )
    async def accept_requests_from(
        self, info: Info, input: Annotated[RequestsFromInput, INPUT_ARGUMENT]
    ) -> RequestsFromPayload:
        who = await access.require_logged_in(info)
        await info.context.count_attempt("acceptRequestsFrom")
        email, errors = await collect_user_errors(_accept(info.context.services, who.user, input.email))
        return RequestsFromPayload(email=email, user_errors=errors)

    @strawberry.mutation(description="Stop the workflows of another user from sending you approval requests by mail.")
    async def refuse_requests_from(
        self, info: Info, input: Annotated[RequestsFromInput, INPUT_ARGUMENT]
    ) -> RequestsFromPayload:
        who, database = await access.require_logged_in(info), info.context.services.database
        email, errors = await collect_user_errors(refuse_requests(database, who.user, input.email))
        return RequestsFromPayload(email=email, user_errors=errors)


async def _sign_up(context: Context, input: SignUpInput) -> accounts.SessionTokens:
    services = context.services
    grant = await services.accounts.sign_up(input.email, input.password, context.actor)
    await services.mailing.request_first_confirmation(grant.user, context.actor)
    return grant


async def _accept(services: Services, user: documents.User, email: str) -> str:
    address, is_new = await accept_requests(services.database, user, email)
    if is_new:
        letters = ApprovalMails(services.database, ApprovalRequestRules.from_settings(services.settings))
        await letters.enqueue_for_decider(await accounts.require_user(user.id), address)
    return address


async def _payload(kind: type[P], opening: Awaitable[accounts.SessionTokens], context: Context) -> P:
    """Await the opening of a session and return its payload. Successful log-ins are recorded for the rate limits."""
    grant, errors = await collect_user_errors(opening)
    if grant is not None:
        await context.note_login(grant.user.email)
    return kind(session=None if grant is None else to_session(grant), user_errors=errors)
