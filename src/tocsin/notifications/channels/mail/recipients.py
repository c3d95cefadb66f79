"""The recipient of a queued mail, and the check that it may be sent now."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from pymongo.errors import PyMongoError

from tocsin import clock
from tocsin.documents import Database, DeliveryDocument, UserDocument
from tocsin.notifications.events import ACCOUNT_EVENTS, UNCONFIRMED_EVENTS, EventKind
from tocsin.outbound.mail_errors import MailRefused, MailSuppressed
from tocsin.outbound.mail_limits import (
    MailClass,
    MailLimiter,
    MailLimitReached,
    MailReservation,
    RecipientLimits,
    normalize_mailbox,
)
from tocsin.outbound.owner_mail import mailbox_limit_error

_UNCONFIRMED = "the address is not confirmed, so nothing else is sent to it"
_CONFIRM = "Its owner can request the link with requestEmailConfirmation."


@dataclass(frozen=True, slots=True)
class Recipient:
    """The address of a mail, and the number of earlier mails that were withheld from its mailbox without a notice."""

    address: str
    withheld: int


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

        Raises MailRefused if there is no recipient, MailSuppressed if the mail may not be sent to the address now.
        """
        to, confirmed = await self._find_address(delivery)
        key = self._mailbox_key(to, confirmed=confirmed and not delivery.get("to"))
        if self._confirms and not confirmed and delivery["kind"] not in UNCONFIRMED_EVENTS:
            await self._limiter.record_withheld(key, self._clock())
            raise MailSuppressed(_UNCONFIRMED, _CONFIRM)
        reservation = await self._reserve(delivery, to, key, confirmed=confirmed or not self._confirms)
        withheld = 0 if _mail_class(delivery) is MailClass.ACCOUNT else await self._limiter.count_withheld(key)
        try:
            yield Recipient(to, withheld)
        except Exception:
            await self._limiter.release(reservation)
            raise
        await self._mark_reported(key, withheld)

    async def _find_address(self, delivery: DeliveryDocument) -> tuple[str, bool]:
        """Return the address, and whether it is confirmed. That of an invitation has no account yet."""
        if to := delivery.get("to"):
            return to, True
        user = await _find_active_user(self._database, delivery["owner"])
        if user is None:
            raise MailRefused("no recipient: the owner was deleted or deactivated")
        return user["email"], user.get("email_confirmed", True)

    def _mailbox_key(self, to: str, *, confirmed: bool) -> str:
        """Return the key of the mailbox.

        At some servers `j.ohn` and `john` are different people, so a confirmed address must not use up the limit of a
        similar one.
        """
        return to.casefold() if self._confirms and confirmed else normalize_mailbox(to)

    async def _reserve(self, delivery: DeliveryDocument, to: str, key: str, *, confirmed: bool) -> MailReservation:
        now = self._clock()
        kind = _mail_class(delivery) if confirmed else MailClass.UNCONFIRMED
        try:
            return await self._limiter.reserve(key, *self._limits.limits_for(kind), now=now)
        except MailLimitReached as reached:
            await self._limiter.record_withheld(key, now)
            raise mailbox_limit_error(to, reached) from None

    async def _mark_reported(self, key: str, withheld: int) -> None:
        try:
            await self._limiter.mark_reported(key, withheld)
        except PyMongoError:  # the mail is sent, and must not be sent again for this
            return


def _mail_class(delivery: DeliveryDocument) -> MailClass:
    if delivery["kind"] in ACCOUNT_EVENTS:
        return MailClass.ACCOUNT
    return MailClass.WORK if delivery["kind"] == EventKind.APPROVAL else MailClass.NOTICE


async def find_owner_address(database: Database, owner: str) -> str | None:
    """Return the user's email address; None if they do not exist or are deactivated."""
    user = await _find_active_user(database, owner)
    return None if user is None else user["email"]


async def _find_active_user(database: Database, owner: str) -> UserDocument | None:
    user = await database.users.find_one({"_id": owner}, {"email": 1, "is_active": 1, "email_confirmed": 1})
    return user if user is not None and user["is_active"] else None
