"""Inputs and payloads of the mutations of accounts."""

import strawberry

from tocsin.graphql.accounts.types import SessionPayload, User
from tocsin.graphql.errors import UserError
from tocsin.graphql.payloads import Payload, payload

_PASSWORD = "10 to 128 characters. Common passwords are rejected."  # noqa: S105  # a description


@strawberry.input(description="Input of `signUp`.")
class SignUpInput:
    email: str = strawberry.field(description="Email address: identifies the account at log-in and receives its mails.")
    password: str = strawberry.field(description=_PASSWORD)


@strawberry.input(description="Input of `logIn`.")
class LogInInput:
    email: str = strawberry.field(description="Email address of the account, case-insensitive.")
    password: str = strawberry.field(description="Password of the account.")


@strawberry.input(description="Input of `refreshSession`.")
class RefreshSessionInput:
    refresh_token: str | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            "Latest refresh token of the session. Each is valid once. Required, except for Tocsin's own pages, which "
            "keep it in a cookie."
        ),
    )


@strawberry.input(description="Input of `logOut`.")
class LogOutInput:
    refresh_token: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Refresh token of the session to end. Default: the session of the access token in use.",
    )


@strawberry.input(description="Input of `changePassword`.")
class ChangePasswordInput:
    current_password: str = strawberry.field(description="Current password.")
    new_password: str = strawberry.field(description=_PASSWORD)


@strawberry.input(description="Input of `requestPasswordReset`.")
class RequestPasswordResetInput:
    email: str = strawberry.field(description="Email address of the account.")


@strawberry.input(description="Input of `resetPassword`.")
class ResetPasswordInput:
    token: str = strawberry.field(description="Token from the mailed link: the text after `#reset=`.")
    password: str = strawberry.field(description=_PASSWORD)


@strawberry.input(description="Input of `acceptInvitation`.")
class AcceptInvitationInput:
    token: str = strawberry.field(description="Token from the mailed link: the text after `#invitation=`.")
    password: str = strawberry.field(description=_PASSWORD)


@strawberry.input(description="Input of `confirmEmail`.")
class ConfirmEmailInput:
    token: str = strawberry.field(description="Token from the mailed link: the text after `#confirmation=`.")
    password: str = strawberry.field(description="Password of the account that the link was sent for.")


@strawberry.input(description="Input of `acceptRequestsFrom` and `refuseRequestsFrom`.")
class RequestsFromInput:
    email: str = strawberry.field(description="Email address of the user whose workflows send the approval requests.")


@payload
class SignUpPayload(SessionPayload):
    pass


@payload
class LogInPayload(SessionPayload):
    pass


@payload
class RefreshSessionPayload(SessionPayload):
    pass


@payload
class ResetPasswordPayload(SessionPayload):
    pass


@payload
class AcceptInvitationPayload(SessionPayload):
    pass


@payload
class LogOutPayload(Payload):
    pass


@payload
class ChangePasswordPayload(Payload):
    user: User | None = strawberry.field(description="The user with the new password; null if there are user errors.")


@strawberry.type(description="Result of `requestPasswordReset`. It is the same whether or not the account exists.")
class RequestPasswordResetPayload(Payload):
    pass


@payload
class ConfirmEmailPayload(SessionPayload):
    pass


@payload
class RequestEmailConfirmationPayload(Payload):
    email: str | None = strawberry.field(description="Address that the mail is sent to; null if there are user errors.")


@strawberry.type(description="Result of `acceptRequestsFrom` and `refuseRequestsFrom`.")
class RequestsFromPayload:
    email: str | None = strawberry.field(
        description="The address in its normalized form; null if there are user errors."
    )
    user_errors: list[UserError] = strawberry.field(
        default_factory=list, description="Errors in the input; empty on success."
    )
