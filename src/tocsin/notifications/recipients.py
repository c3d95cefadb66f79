"""Who gets a queued mail, and whether they may get it now."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from pymongo.errors import PyMongoError

from tocsin import clock
from tocsin.documents import Database, Doc
from tocsin.notifications import account_mails
from tocsin.notifications.letters import with_note
from tocsin.notifications.workflow_mails import APPROVAL
from tocsin.outbound.mail import MailRefused
from tocsin.outbound.mail_limits import MailClass, MailLimiter, MailLimitReached, Place, RecipientLimits, mailbox_of
from tocsin.outbound.owner_mail import MailSuppressed, too_many

SUPPRESSED = "SUPPRESSED"
_FOR_UNCONFIRMED = frozenset({account_mails.EMAIL_CONFIRMATION, account_mails.PASSWORD_RESET})
"""What leads to a confirmed address."""
_UNCONFIRMED = "the address is not confirmed, so nothing else is sent to it"
_CONFIRM = "Its owner asks for the link with requestEmailConfirmation."
Noting = Callable[[str], str]


class Recipients:
    """Finds the address of a mail, and takes a place for it in the limits of its mailbox."""

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
    async def place_for(self, delivery: Doc) -> AsyncIterator[tuple[str, Noting]]:
        """The address, and what adds to a text that mails were held back; the place is given back if sending fails.

        Raises MailRefused for nobody, MailSuppressed for an address that must not get it now.
        """
        to, confirmed = await self._address(delivery)
        key = self._key_of(to, confirmed=confirmed and not delivery.get("to"))
        if self._confirms and not confirmed and delivery["kind"] not in _FOR_UNCONFIRMED:
            await self._limiter.hold_back(key, self._clock())
            raise MailSuppressed(_UNCONFIRMED, _CONFIRM)
        place = await self._take(delivery, to, key, confirmed=confirmed or not self._confirms)
        told = 0 if _class_of(delivery) is MailClass.ACCOUNT else await self._limiter.held_back(key)
        try:
            yield to, lambda text: with_note(text, _held_back(told)) if told else text
        except Exception:
            await self._limiter.give_back(place)
            raise
        await self._tell(key, told)

    async def _address(self, delivery: Doc) -> tuple[str, bool]:
        """The address, and whether it was confirmed. An invitation goes to one that has no account yet."""
        if delivery.get("to"):
            return str(delivery["to"]), True
        fields = {"email": 1, "is_active": 1, "email_confirmed": 1}
        user = await self._database.users.find_one({"_id": delivery["owner"]}, fields)
        if user is None or not user["is_active"]:
            raise MailRefused("no recipient: the owner is gone or deactivated")
        return str(user["email"]), bool(user.get("email_confirmed", True))

    def _key_of(self, to: str, *, confirmed: bool) -> str:
        """What is counted as one mailbox: at some servers `j.ohn` is somebody else than `john`, and whoever has shown
        that an address is theirs must not use up the mails of one that is spelled alike.
        """
        return to.casefold() if self._confirms and confirmed else mailbox_of(to)

    async def _take(self, delivery: Doc, to: str, key: str, *, confirmed: bool) -> Place:
        now = self._clock()
        kind = _class_of(delivery) if confirmed else MailClass.UNCONFIRMED
        try:
            return await self._limiter.take(key, *self._limits.of_class(kind), now=now)
        except MailLimitReached as reached:
            await self._limiter.hold_back(key, now)
            raise too_many(to, reached) from None

    async def _tell(self, key: str, told: int) -> None:
        try:
            await self._limiter.told(key, told)
        except PyMongoError:  # the mail is sent: it must not go out again to say so better
            return


def _class_of(delivery: Doc) -> MailClass:
    if delivery["kind"] in account_mails.KINDS:
        return MailClass.ACCOUNT
    return MailClass.WORK if delivery["kind"] == APPROVAL else MailClass.NOTICE


def _held_back(count: int) -> str:
    mails = "1 earlier mail to you was" if count == 1 else f"{count} earlier mails to you were"
    return f"{mails} not sent: a mailbox gets only so many in 24 hours, and none before its address is confirmed."
