"""The recipient of a queued mail, and the check that it may be sent now."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from pymongo.errors import PyMongoError

from tocsin import clock
from tocsin.documents import Database, DeliveryDocument, UserDocument
from tocsin.notifications.events import ACCOUNT_EVENTS, SECURITY_EVENTS, UNCONFIRMED_EVENTS, EventKind
from tocsin.notifications.preferences.mail_addresses import (
    OtherAddress,
    find_delivery_purpose,
    find_other_address,
    record_acceptance,
    record_bounce,
)
from tocsin.outbound.mail_errors import MailRefused, MailSuppressed, MailUnavailable, RecipientRefused
from tocsin.outbound.mail_limits import (
    MailClass,
    MailLimit,
    MailLimiter,
    MailLimitReached,
    MailReservation,
    RecipientLimits,
    normalize_mailbox,
)
from tocsin.outbound.owner_mail import mailbox_limit_error


class AddressBounced(MailUnavailable):
    """The mail server refuses an address that is not that of the account, which gets the next attempt."""


_UNCONFIRMED = "the address is not confirmed, so nothing else is sent to it"
_CONFIRM = "Its owner can request the link with requestEmailConfirmation."


@dataclass(frozen=True, slots=True)
class Recipient:
    """The address of a mail, and the number of earlier mails that were withheld from its mailbox without a notice.

    `is_other` tells that it is not the address of the account. `note` is why it is not that other address.
    """

    address: str
    withheld: int
    is_other: bool = False
    note: str | None = None


@dataclass(frozen=True, slots=True)
class _Target:
    """An address, whether it is confirmed, and the other address that gets the mail, or would get it."""

    address: str
    is_confirmed: bool
    other: OtherAddress | None = None

    @property
    def is_other(self) -> bool:
        return self.other is not None and self.other.refusal is None

    @property
    def note(self) -> str | None:
        """Why the account gets a mail that was meant for another address."""
        if self.other is None or self.other.refusal is None:
            return None
        return (
            f"This mail was meant for {self.other.email}, which the mail server refuses: {self.other.refusal} "
            "Tocsin tries that address again once a day. To end that, call removeMailAddress."
        )


class RecipientResolver:
    """Addresses of mails, and reservations in the limits of their mailboxes."""

    def __init__(
        self,
        database: Database,
        limits: RecipientLimits,
        *,
        confirms: bool,
        clock: Callable[[], datetime] = clock.now,
    ) -> None:
        self._database, self._limits, self._confirms, self._clock = database, limits, confirms, clock
        self._limiter = MailLimiter(database)

    @asynccontextmanager
    async def reserve(self, delivery: DeliveryDocument) -> AsyncIterator[Recipient]:
        """Reserve a mail for its recipient, and release it again if the block fails.

        Raises MailRefused if there is no recipient, MailSuppressed if the mail may not be sent to the address now, and
        AddressBounced if the block found that the address is refused, and the account gets the next attempt.
        """
        target = await self._find_target(delivery)
        to, confirmed = target.address, target.is_confirmed
        key = self._mailbox_key(to, confirmed=confirmed and not delivery.get("to"))
        if self._confirms and not confirmed and delivery["kind"] not in UNCONFIRMED_EVENTS:
            await self._limiter.record_withheld(key, self._clock())
            raise MailSuppressed(_UNCONFIRMED, _CONFIRM)
        reservation = await self._reserve(delivery, to, key, confirmed=confirmed or not self._confirms)
        withheld = 0 if _mail_class(delivery) is MailClass.ACCOUNT else await self._limiter.count_withheld(key)
        try:
            yield Recipient(to, withheld, target.is_other, target.note)
        except Exception as error:
            await self._limiter.release(reservation)
            await self._record_bounce(target, error)
            raise
        await self._record_sent(target, key, withheld)

    async def _find_target(self, delivery: DeliveryDocument) -> _Target:
        """Return the address of a mail. A mail with an address of its own goes there. Raises MailRefused."""
        to, owner = delivery.get("to"), delivery["owner"]
        if to and not owner:  # an invitation, which belongs to no account yet
            return _Target(to, is_confirmed=True)
        user = await _find_active_user(self._database, owner)
        if user is None:
            raise MailRefused("no recipient: the owner was deleted or deactivated")
        if to:
            return _Target(to, is_confirmed=False)
        confirmed = user.get("email_confirmed", True)
        other = await find_other_address(self._database, owner, find_delivery_purpose(delivery), self._clock())
        address = user["email"] if other is None or other.refusal is not None else other.email
        return _Target(address, confirmed, other)

    async def _record_bounce(self, target: _Target, error: Exception) -> None:
        """Record that another address is refused. Raises AddressBounced then."""
        if target.is_other and target.other is not None and isinstance(error, RecipientRefused):
            await record_bounce(self._database, target.other, str(error), self._clock())
            raise AddressBounced(f"{target.address} is refused: {error}") from error

    def _mailbox_key(self, to: str, *, confirmed: bool) -> str:
        """Return the key of the mailbox.

        At some servers `j.ohn` and `john` are different people, so a confirmed address must not use up the limit of a
        similar one.
        """
        return to.casefold() if self._confirms and confirmed else normalize_mailbox(to)

    async def _reserve(self, delivery: DeliveryDocument, to: str, key: str, *, confirmed: bool) -> MailReservation:
        now = self._clock()
        limits = self._find_limits(delivery) if confirmed else self._limits.limits_for(MailClass.UNCONFIRMED)
        try:
            return await self._limiter.reserve(key, *limits, now=now)
        except MailLimitReached as reached:
            await self._limiter.record_withheld(key, now)
            raise mailbox_limit_error(to, reached) from None

    def _find_limits(self, delivery: DeliveryDocument) -> tuple[MailLimit, ...]:
        if delivery["kind"] in SECURITY_EVENTS:
            return self._limits.limits_for_security(delivery["kind"])
        return self._limits.limits_for(_mail_class(delivery))

    async def _record_sent(self, target: _Target, key: str, withheld: int) -> None:
        try:
            await self._limiter.mark_reported(key, withheld)
            if target.is_other and target.other is not None:
                await record_acceptance(self._database, target.other)
        except PyMongoError:  # the mail is sent, and must not be sent again for this
            return


def _mail_class(delivery: DeliveryDocument) -> MailClass:
    if delivery["kind"] in ACCOUNT_EVENTS:
        return MailClass.ACCOUNT
    return MailClass.WORK if delivery["kind"] == EventKind.APPROVAL else MailClass.NOTICE


async def find_mail_address(database: Database, delivery: DeliveryDocument, now: datetime) -> str | None:
    """Return the address to which a mail would go now; None if its owner does not exist or is deactivated."""
    user = await _find_active_user(database, delivery["owner"])
    other = await find_other_address(database, delivery["owner"], find_delivery_purpose(delivery), now)
    own = None if user is None else user["email"]
    return own if own is None or other is None or other.refusal is not None else other.email


async def _find_active_user(database: Database, owner: str) -> UserDocument | None:
    user = await database.users.find_one({"_id": owner}, {"email": 1, "is_active": 1, "email_confirmed": 1})
    return user if user is not None and user["is_active"] else None
