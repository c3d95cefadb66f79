"""The mail channel: a mail about each event, in text and HTML, and its delivery to the owner's address."""

from tocsin.documents import Database, DeliveryDocument, owner_of
from tocsin.notifications.channels.base import (
    Channel,
    ChannelContext,
    DeliveryRefused,
    DeliverySuppressed,
    DeliveryUnavailable,
    Message,
)
from tocsin.notifications.channels.mail.html_layout import format_html
from tocsin.notifications.channels.mail.layout import insert_link, insert_page_address, render_mail
from tocsin.notifications.channels.mail.notes import add_fallback_note, add_late_notes, add_withheld_note
from tocsin.notifications.channels.mail.recipients import RecipientResolver
from tocsin.notifications.events import Event
from tocsin.outbound.mail_errors import MailRefused, MailSuppressed, MailUnavailable
from tocsin.outbound.mail_message import MailMessage
from tocsin.quotas.limits import Quota
from tocsin.quotas.metered_mail import MAIL_QUOTA_EXCEEDED
from tocsin.security.secret_box import SecretUnreadable


class MailChannel(Channel):
    """Notifications by mail, of all events that need no choice, within the limits of the recipients' mailboxes."""

    def __init__(self, context: ChannelContext) -> None:
        super().__init__(context)
        self._recipients = RecipientResolver(
            context.database, context.limits, confirms=context.confirms, clock=context.clock
        )

    @staticmethod
    async def accepts(event: Event, _database: Database) -> bool:
        """Accept all events. Whether its owner wants a mail about one is decided by their preferences."""
        return True

    @staticmethod
    def render(event: Event) -> Message:
        """Return the mail about the event, with placeholders for what only the sent mail contains."""
        return render_mail(event)

    async def deliver(self, delivery: DeliveryDocument) -> Message:
        """Send the mail, and return it without its secret link."""
        try:
            return await self._send(delivery)
        except SecretUnreadable:
            raise DeliveryRefused("its link cannot be decrypted: the encryption key has changed") from None
        except MailSuppressed as error:
            raise DeliverySuppressed(str(error)) from error
        except MailRefused as error:
            raise DeliveryRefused(str(error)) from error
        except MailUnavailable as error:
            raise DeliveryUnavailable(str(error)) from error

    async def _send(self, delivery: DeliveryDocument) -> Message:
        self._count_for_quota(delivery)
        database, now = self._context.database, self._context.clock()
        async with self._recipients.reserve(delivery) as recipient:
            mail = add_fallback_note(await add_late_notes(database, delivery, now), delivery)
            mail = add_withheld_note(mail, recipient.withheld)
            text, page, link = mail.text, self._page_address(delivery), await self._unseal_link(delivery)
            if page is not None:
                text = insert_page_address(text, page)
            message = MailMessage(
                recipient.address,
                mail.subject,
                text if link is None else insert_link(text, link),
                delivery["_id"],
                html=None if mail.content is None else format_html(mail.content, mail.subject, link or page),
                thread=_thread(delivery),
            )
            await self._context.mail.send(message)
        return Message(mail.subject, text)

    def _page_address(self, delivery: DeliveryDocument) -> str | None:
        path = delivery.get("link")
        return None if path is None else self._context.page(path)

    def _count_for_quota(self, delivery: DeliveryDocument) -> None:
        """Count the first try of a mail caused by a task or workflow towards its owner's quota. Raises MailRefused."""
        run = delivery["run"]
        if not run or delivery["tries"]:
            return
        if not self._context.meter.consume(owner_of(run), Quota.MAILS_PER_DAY, self._context.clock()):
            raise MailRefused(MAIL_QUOTA_EXCEEDED)

    async def _unseal_link(self, delivery: DeliveryDocument) -> str | None:
        """Return the secret link, which only the sent mail contains, if it has one. Raises SecretUnreadable."""
        sealed = delivery.get("sealed")
        if sealed is None:
            return None
        if self._context.secrets is None:
            raise SecretUnreadable("there is no key to decrypt it with")
        return await self._context.secrets.unseal(sealed, delivery["_id"])


def _thread(delivery: DeliveryDocument) -> str | None:
    """Return the identity of the thread that the mails about one incident, or one request for a decision, form."""
    about = delivery.get("about")
    if about is None:
        return None
    incident_id = about.get("incident_id")
    return f"{about['type']} {about['id']} {about['incident']}" if incident_id is None else f"Incident {incident_id}"
