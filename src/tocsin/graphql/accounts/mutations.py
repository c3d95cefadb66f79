"""The viewer, and mutations of their account: sign-up, sessions, passwords, mailed links."""

from typing import Annotated

import strawberry

from tocsin import accounts
from tocsin.accounts.approval_requests import ApprovalRequestRules, accept_requests, refuse_requests
from tocsin.errors import InvalidInput
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
from tocsin.graphql.accounts.refresh_cookies import refuse_token
from tocsin.graphql.accounts.types import Session, to_session, to_user
from tocsin.graphql.arguments import INPUT_ARGUMENT
from tocsin.graphql.context import Context, Info
from tocsin.graphql.payloads import mutation
from tocsin.workflows.approval_mails import ApprovalMails


@strawberry.type
class AccountMutations:
    @mutation(
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
        grant = await context.services.accounts.sign_up(input.email, input.password, context.actor)
        await context.services.mailing.request_first_confirmation(grant.user, context.actor)
        return SignUpPayload(session=await _note_login(context, grant))

    @mutation(description="Open a session. Requires no token.")
    async def log_in(self, info: Info, input: Annotated[LogInInput, INPUT_ARGUMENT]) -> LogInPayload:
        context = info.context
        await context.count_attempt("logIn", input.email)
        grant = await context.services.accounts.log_in(input.email, input.password, context.actor)
        return LogInPayload(session=await _note_login(context, grant))

    @mutation(
        description=(
            "Exchange a refresh token for new tokens. Requires no access token. Each refresh token is valid once: "
            "using it again later is taken as theft, which ends the session and notifies the user by mail."
        )
    )
    async def refresh_session(
        self, info: Info, input: Annotated[RefreshSessionInput, INPUT_ARGUMENT]
    ) -> RefreshSessionPayload:
        context, service = info.context, info.context.services.accounts
        if (
            cookie := context.refresh_cookie
        ) is not None:  # which is limited by its cost, as each load of a page is one
            refuse_token(input.refresh_token)
            return RefreshSessionPayload(session=to_session(await cookie.renew(service, context.actor), in_cookie=True))
        if not input.refresh_token:
            raise InvalidInput("Give the latest refresh token of the session.", "refreshToken")
        await context.count_attempt("refreshSession")
        return RefreshSessionPayload(
            session=to_session(await service.refresh_tokens(input.refresh_token, context.actor))
        )

    @mutation(
        description=(
            "End a session. Its tokens become invalid and its connections are closed immediately. Requires no access "
            "token if a refresh token is given. Ending a session twice is not an error."
        )
    )
    async def log_out(self, info: Info, input: Annotated[LogOutInput, INPUT_ARGUMENT]) -> LogOutPayload:
        service = info.context.services.accounts
        if (cookie := info.context.refresh_cookie) is not None:
            refuse_token(input.refresh_token)
            await cookie.end(service, info.context.actor)
        elif input.refresh_token:
            await service.log_out(input.refresh_token, info.context.actor)
        else:
            who = await access.require_logged_in(info)
            await service.end_session(who, who.session_id or "", access.audit_actor(info, who))
        return LogOutPayload()

    @mutation(
        description=(
            "Change your password. Ends your other sessions and keeps your API tokens. You are notified by mail."
        )
    )
    async def change_password(
        self, info: Info, input: Annotated[ChangePasswordInput, INPUT_ARGUMENT]
    ) -> ChangePasswordPayload:
        who, service = await access.require_logged_in(info), info.context.services.accounts
        await info.context.count_attempt("changePassword", who.user.email)
        user = await service.change_password(
            who, input.current_password, input.new_password, access.audit_actor(info, who)
        )
        return ChangePasswordPayload(user=to_user(user))

    @mutation(
        description=(
            "Request a mail with a link to set a new password, valid for one hour. Requires no token. The result is "
            "the same whether or not the account exists."
        )
    )
    async def request_password_reset(
        self, info: Info, input: Annotated[RequestPasswordResetInput, INPUT_ARGUMENT]
    ) -> RequestPasswordResetPayload:
        context = info.context
        await context.count_attempt("requestPasswordReset", input.email)
        await context.services.mailing.request_password_reset(input.email, context.actor)
        return RequestPasswordResetPayload()

    @mutation(
        description=(
            "Set a new password with a mailed link and open a session. Ends all other sessions. Requires no token."
        )
    )
    async def reset_password(
        self, info: Info, input: Annotated[ResetPasswordInput, INPUT_ARGUMENT]
    ) -> ResetPasswordPayload:
        context = info.context
        await context.count_attempt("resetPassword")
        grant = await context.services.mailing.reset_password(input.token, input.password, context.actor)
        return ResetPasswordPayload(session=await _note_login(context, grant))

    @mutation(description="Create an account with a mailed invitation and open a session. Requires no token.")
    async def accept_invitation(
        self, info: Info, input: Annotated[AcceptInvitationInput, INPUT_ARGUMENT]
    ) -> AcceptInvitationPayload:
        context = info.context
        access.require_disk_space(info)
        await context.count_attempt("acceptInvitation")
        grant = await context.services.mailing.accept_invitation(input.token, input.password, context.actor)
        return AcceptInvitationPayload(session=await _note_login(context, grant))

    @mutation(
        description=(
            "Confirm your email address with a mailed link and your password, and open a session. The first "
            "confirmation ends all earlier sessions, API tokens and trigger URLs. Requires no token."
        )
    )
    async def confirm_email(
        self, info: Info, input: Annotated[ConfirmEmailInput, INPUT_ARGUMENT]
    ) -> ConfirmEmailPayload:
        context = info.context
        await context.count_attempt("confirmEmail", input.token)  # limited per link, as others are per account
        grant = await context.services.mailing.confirm_email(input.token, input.password, context.actor)
        return ConfirmEmailPayload(session=await _note_login(context, grant))

    @mutation(
        description=(
            "Request another mail with a confirmation link, valid for three days. At most three per hour. Earlier "
            "links become invalid."
        )
    )
    async def request_email_confirmation(self, info: Info) -> RequestEmailConfirmationPayload:
        who, mailing = await access.require_logged_in(info), info.context.services.mailing
        await mailing.request_email_confirmation(who.user, access.audit_actor(info, who))
        return RequestEmailConfirmationPayload(email=who.user.email)

    @mutation(
        description=(
            "Allow the workflows of another user to send you approval requests by mail. Requests that are already "
            "pending are sent now. The result is the same whether or not the address has an account."
        )
    )
    async def accept_requests_from(
        self, info: Info, input: Annotated[RequestsFromInput, INPUT_ARGUMENT]
    ) -> RequestsFromPayload:
        who, services = await access.require_logged_in(info), info.context.services
        await info.context.count_attempt("acceptRequestsFrom")
        address, is_new = await accept_requests(services.database, who.user, input.email)
        if is_new:
            mails = ApprovalMails(services.database, ApprovalRequestRules.from_settings(services.settings))
            await mails.enqueue_for_decider(await accounts.require_user(who.user.id), address)
        return RequestsFromPayload(email=address)

    @mutation(description="Stop the workflows of another user from sending you approval requests by mail.")
    async def refuse_requests_from(
        self, info: Info, input: Annotated[RequestsFromInput, INPUT_ARGUMENT]
    ) -> RequestsFromPayload:
        who, database = await access.require_logged_in(info), info.context.services.database
        return RequestsFromPayload(email=await refuse_requests(database, who.user, input.email))


async def _note_login(context: Context, grant: accounts.SessionTokens) -> Session:
    """Record a successful log-in for the rate limits, and return its session."""
    await context.note_login(grant.user.email)
    if (cookie := context.refresh_cookie) is not None:
        await cookie.keep_opened(context.services.accounts, grant, context.actor)
    return to_session(grant, in_cookie=cookie is not None)
