"""The flows by which users get some of their mails at another address: requested, confirmed by a link, and removed.

The link is mailed to the address, and whoever opens it agrees: nobody gets mails who has not asked for them. The
address of the account is told of each change, and before it: a crash in between may tell of one that did not happen,
but none happens of which nobody was told.
"""

import math
from collections.abc import Collection
from contextlib import suppress
from datetime import timedelta

from tocsin import clock
from tocsin.accounts import audit
from tocsin.accounts.audit import Actor
from tocsin.accounts.emails import normalise_email
from tocsin.accounts.links import consume_link, create_link, find_link, link_invalid_error
from tocsin.config import Settings
from tocsin.documents import (
    AuditAction,
    Changes,
    Database,
    Link,
    LinkPurpose,
    MailAddressDocument,
    MailPurpose,
    User,
)
from tocsin.documents.updates import change_when, has_value
from tocsin.errors import Conflict, InvalidInput, NotFound, RateLimited
from tocsin.notifications.account_events import LinkRequested, MailAddressChanged, link_event_id
from tocsin.notifications.deliveries import notify
from tocsin.notifications.preferences.mail_addresses import mail_address_id, release_mailbox
from tocsin.outbound.mail_limits import LINK_MAILS_PER_HOUR, MailLimit, MailLimiter, MailLimitReached, normalize_mailbox
from tocsin.security.gcra import network_key
from tocsin.security.secret_box import SecretBox

LINKS_PER_DAY = 10
"""Links to other addresses that one account can request in 24 hours."""
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_PER_MAILBOX = MailLimit("mail address/mailbox", LINK_MAILS_PER_HOUR, _HOUR)
_LEFT = MailLimit("mail address/left", 1, timedelta(weeks=4))
"""Not a limit of mails, but the time for which an account cannot ask an address again whose reader has left."""
_PER_ACCOUNT = MailLimit("mail address/account", LINKS_PER_DAY, _DAY)


class MailAddressFlows:
    """Other addresses for the mails of one purpose."""

    def __init__(self, database: Database, settings: Settings, secrets: SecretBox) -> None:
        self._database, self._settings, self._secrets = database, settings, secrets
        self._limiter = MailLimiter(database)
        self._per_address = MailLimit("mail address/address", settings.confirmations_per_address, _HOUR)

    async def request_address(self, user: User, purpose: MailPurpose, email: str, actor: Actor) -> MailAddressDocument:
        """Mail a link to the address, which gets the mails of the purpose once the link is used.

        Nothing is mailed if the address gets them already. Raises InvalidInput, RateLimited, and Conflict for an
        account whose own address is not confirmed, or an address that has left.
        """
        address = normalise_email(email)
        self._check(user, address)
        stored = await self._find(user, purpose)
        if stored is not None and stored.get("email") == address:
            return await self._store(user, purpose, {"requested_email": None, "requested_at": None})
        await self._check_not_left(user, address)
        await self._reserve_mail(user, address, actor.address)
        request: Changes = {"requested_email": address, "requested_at": clock.now(), "unsubscribed_at": None}
        stored = await self._store(user, purpose, request)
        await self._mail_link(user, purpose, address)
        await audit.record(AuditAction.MAIL_ADDRESS_REQUESTED, actor, user, detail=f"{purpose.value}: {address}")
        return stored

    async def confirm_address(self, token: str, actor: Actor) -> Link:
        """Send the mails of the link's purpose to its address from now on, and return the link.

        Raises UserError LINK_INVALID, also if the request was removed or replaced.
        """
        now = clock.now()
        link = await find_link(token, LinkPurpose.ADDRESS, now)
        user = await User.get(link.user or "")
        if user is None or not user.is_active or link.mail_purpose is None:
            raise link_invalid_error()
        address_id = mail_address_id(user.id, link.mail_purpose)
        stored = await self._find(user, link.mail_purpose)
        if stored is None or stored.get("requested_email") != link.email:
            raise link_invalid_error()
        await notify(self._database, [MailAddressChanged.from_link(link, link.mail_purpose, now, actor.address)])
        stage = change_when(
            has_value("requested_email", link.email),
            {
                "email": link.email, "confirmed_at": now, "requested_email": None, "requested_at": None,
                "bounced_at": None, "last_error": None, "unsubscribed_at": None,
            },
        )  # fmt: skip
        result = await self._database.mail_addresses.update_one({"_id": address_id}, [stage])
        if not result.modified_count:
            raise link_invalid_error()
        await consume_link(self._database, link)  # after the change: a crash in between leaves a link that does no more
        detail = f"{link.mail_purpose.value}: {link.email}"
        await audit.record(AuditAction.MAIL_ADDRESS_CONFIRMED, actor, user, detail=detail)
        return link

    async def remove_address(self, user: User, purpose: MailPurpose, actor: Actor) -> None:
        """Send the mails of a purpose to the address of the account again, and end a request. Raises NotFound."""
        stored = await self._find(user, purpose)
        if stored is not None and stored.get("email") is not None:
            await notify(self._database, [MailAddressChanged.from_removal(stored, clock.now(), actor.address)])
        result = await self._database.mail_addresses.delete_one({"_id": mail_address_id(user.id, purpose)})
        if not result.deleted_count:
            raise NotFound("You have no other address for mails of this purpose.", "purpose")
        await audit.record(AuditAction.MAIL_ADDRESS_REMOVED, actor, user, detail=purpose.value)

    async def release_mailbox(
        self, user: User, mailbox: str, purposes: Collection[MailPurpose], actor: Actor
    ) -> list[MailPurpose]:
        """End the mails of these purposes to the address with this digest, and return those that it had.

        Its reader wants that, so the account cannot ask it again for some weeks.
        """
        now = clock.now()

        async def leave(stored: MailAddressDocument) -> None:
            with suppress(MailLimitReached):  # it has left for another purpose as well
                await self._limiter.reserve(_pair_key(user, stored.get("email") or ""), _LEFT, now=now)
            event = MailAddressChanged.from_removal(stored, now, actor.address, has_left=True)
            await notify(self._database, [event])

        return await release_mailbox(self._database, user.id, mailbox, purposes, now, leave)

    async def _check_not_left(self, user: User, address: str) -> None:
        """Raise Conflict if someone who reads the address has ended the mails of this account there."""
        until = await self._limiter.find_end(_pair_key(user, address), _LEFT, clock.now())
        if until is not None:
            message = "Someone who reads this address has ended your mails to it. You can ask again after"
            raise Conflict(f"{message} {until:%Y-%m-%d %H:%M} UTC.", "email")

    def _check(self, user: User, address: str) -> None:
        """Raise Conflict or InvalidInput if the user cannot get mails at another address, or it is the same."""
        if self._settings.requires_confirmed_addresses and not user.email_confirmed:
            raise Conflict("Confirm the address of your account first: requestEmailConfirmation mails you the link.")
        if address == user.email:
            message = "This is the address of your account. To get the mails there, call removeMailAddress."
            raise InvalidInput(message, "email")

    async def _reserve_mail(self, user: User, address: str, network_address: str) -> None:
        """Count a link towards the limits of the account, the network address and the mailbox. Raises RateLimited."""
        wanted = (
            (user.id, _PER_ACCOUNT),
            (network_key(network_address), self._per_address),
            (normalize_mailbox(address), _PER_MAILBOX),
        )
        reserved = []
        try:
            for key, limit in wanted:
                reserved.append(await self._limiter.reserve(key, limit))
        except MailLimitReached as reached:
            for reservation in reserved:
                await self._limiter.release(reservation)
            seconds = reached.seconds_left(clock.now())
            message = f"Too many confirmation mails: {reached} Try again in {math.ceil(seconds)} s."
            raise RateLimited(message, seconds) from None

    async def _find(self, user: User, purpose: MailPurpose) -> MailAddressDocument | None:
        return await self._database.mail_addresses.find_one({"_id": mail_address_id(user.id, purpose)})

    async def _store(self, user: User, purpose: MailPurpose, changes: Changes) -> MailAddressDocument:
        address_id = mail_address_id(user.id, purpose)
        update = {"$set": {"owner": user.id, "purpose": purpose.value, **changes}}
        await self._database.mail_addresses.update_one({"_id": address_id}, update, upsert=True)
        return await self._find(user, purpose) or {"_id": address_id, "owner": user.id, "purpose": purpose}

    async def _mail_link(self, user: User, purpose: MailPurpose, address: str) -> None:
        link, path = await create_link(LinkPurpose.ADDRESS, address, clock.now(), user=user.id, mail_purpose=purpose)
        sealed = self._secrets.seal(self._settings.page_url(path), link_event_id(link))
        await notify(self._database, [LinkRequested.from_link(link, sealed, user.email)])


def _pair_key(user: User, address: str) -> str:
    return f"{user.id} {normalize_mailbox(address)}"
