"""Other addresses for mails: their type, query and mutations."""

from datetime import datetime
from typing import Annotated

import strawberry

from tocsin.documents import MailAddressDocument, MailPurpose
from tocsin.graphql import access
from tocsin.graphql.arguments import INPUT_ARGUMENT
from tocsin.graphql.context import Info
from tocsin.graphql.enums import describe_enum
from tocsin.graphql.payloads import Payload, mutation, payload
from tocsin.notifications.preferences.mail_addresses import list_mail_addresses

describe_enum(
    MailPurpose,
    "A purpose of mails. Mails about your account and its security always go to its own address.",
    {
        "ALERTS": "Mails about tasks and workflows that fail.",
        "APPROVALS": "Mails about workflow steps that wait for your decision.",
        "REPORTS": "Mails about reports and other results.",
    },
)


@strawberry.type(description="Another address than that of your account, for the mails of one purpose.")
class MailAddress:
    purpose: MailPurpose = strawberry.field(description="Purpose of the mails.")
    email: str | None = strawberry.field(
        description="Confirmed address that gets the mails; null if your account's address does."
    )
    confirmed_at: datetime | None = strawberry.field(description="Time at which it was confirmed; null if it is not.")
    requested_email: str | None = strawberry.field(
        description="Address to which a link was mailed that has not been used yet; null if there is none."
    )
    requested_at: datetime | None = strawberry.field(description="Time of that request; null if there is none.")
    bounced_at: datetime | None = strawberry.field(
        description=(
            "Time at which the mail server last refused the confirmed address; null if it accepts it. Your account's "
            "address gets the mails for a day, then the address is tried again."
        )
    )
    last_error: str | None = strawberry.field(description="Why it was refused; null if it was not.")
    unsubscribed_at: datetime | None = strawberry.field(
        description="Time at which someone who reads the address ended the mails by the link in one; null otherwise."
    )


@strawberry.input(description="Input of `requestMailAddress`.")
class RequestMailAddressInput:
    purpose: MailPurpose = strawberry.field(description="Purpose of the mails.")
    email: str = strawberry.field(description="Address that is to get them, not that of your account.")


@strawberry.input(description="Input of `confirmMailAddress`.")
class ConfirmMailAddressInput:
    token: str = strawberry.field(description="Token from the mailed link: the text after `#address=`.")


@strawberry.input(description="Input of `removeMailAddress`.")
class RemoveMailAddressInput:
    purpose: MailPurpose = strawberry.field(description="Purpose of the mails.")


@payload
class RequestMailAddressPayload(Payload):
    mail_address: MailAddress | None = strawberry.field(
        description="The address with the request; null if there are user errors."
    )


@payload
class ConfirmMailAddressPayload(Payload):
    purpose: MailPurpose | None = strawberry.field(
        description="Purpose of the mails that the address gets now; null if there are user errors."
    )
    email: str | None = strawberry.field(description="The confirmed address; null if there are user errors.")


@payload
class RemoveMailAddressPayload(Payload):
    removed_mail_address_purpose: MailPurpose | None = strawberry.field(
        description="Purpose of the mails that your account's address gets again; null if there are user errors."
    )


@strawberry.type
class MailAddressQueries:
    @strawberry.field(description="Your other addresses for mails, at most one for each purpose.")
    async def mail_addresses(self, info: Info) -> list[MailAddress]:
        owner = await access.require_owner(info)
        return [to_mail_address(each) for each in await list_mail_addresses(info.context.services.database, owner)]


@strawberry.type
class MailAddressMutations:
    @mutation(
        description=(
            "Mail a link to another address, which gets your mails of this purpose once the link is used. It is valid "
            "for three days. At most three links an hour go to one mailbox, and ten a day from one account. Until "
            "then, your mails go where they went before."
        )
    )
    async def request_mail_address(
        self, info: Info, input: Annotated[RequestMailAddressInput, INPUT_ARGUMENT]
    ) -> RequestMailAddressPayload:
        who, flows = await access.require_logged_in(info), info.context.services.mail_addresses
        actor = access.audit_actor(info, who)
        stored = await flows.request_address(who.user, input.purpose, input.email, actor)
        return RequestMailAddressPayload(mail_address=to_mail_address(stored))

    @mutation(
        description=(
            "Confirm with a mailed link that mails may be sent to your address. Requires no token: the link proves "
            "that you read the address."
        )
    )
    async def confirm_mail_address(
        self, info: Info, input: Annotated[ConfirmMailAddressInput, INPUT_ARGUMENT]
    ) -> ConfirmMailAddressPayload:
        context = info.context
        await context.count_attempt("confirmMailAddress")
        link = await context.services.mail_addresses.confirm_address(input.token, context.actor)
        return ConfirmMailAddressPayload(purpose=link.mail_purpose, email=link.email)

    @mutation(
        description=(
            "Get the mails of this purpose at the address of your account again. A link that was mailed for another "
            "address ends."
        )
    )
    async def remove_mail_address(
        self, info: Info, input: Annotated[RemoveMailAddressInput, INPUT_ARGUMENT]
    ) -> RemoveMailAddressPayload:
        who, flows = await access.require_logged_in(info), info.context.services.mail_addresses
        await flows.remove_address(who.user, input.purpose, access.audit_actor(info, who))
        return RemoveMailAddressPayload(removed_mail_address_purpose=input.purpose)


def to_mail_address(document: MailAddressDocument) -> MailAddress:
    """Convert a stored address."""
    return MailAddress(
        purpose=MailPurpose(document["purpose"]),
        email=document.get("email"),
        confirmed_at=document.get("confirmed_at"),
        requested_email=document.get("requested_email"),
        requested_at=document.get("requested_at"),
        bounced_at=document.get("bounced_at"),
        last_error=document.get("last_error"),
        unsubscribed_at=document.get("unsubscribed_at"),
    )
