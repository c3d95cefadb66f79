"""The mail channel: a mail about each event, in text and HTML, and its delivery to the owner's address."""

from dataclasses import replace

from tocsin.documents import Database, DeliveryDocument, owner_of
from tocsin.notifications.channels.base import (
    Channel,
    ChannelContext,
    DeliveryRefused,
    DeliverySuppressed,
    DeliveryUnavailable,
    Message,
)
from tocsin.notifications.channels.mail.html_layout import Footer, format_html
from tocsin.notifications.channels.mail.layout import append_unsubscribe, insert_link, insert_page_address, render_mail
from tocsin.notifications.channels.mail.notes import StoredMail, add_fallback_note, add_late_notes, add_withheld_note
from tocsin.notifications.channels.mail.recipients import AddressBounced, Recipient, RecipientResolver
from tocsin.notifications.events import DIGEST_KIND, Event
from tocsin.notifications.pages import UNSUBSCRIBE_PATH
from tocsin.notifications.preferences.mail_addresses import find_delivery_purpose
from tocsin.notifications.preferences.unsubscribe import OPTIONAL_MAILS, describe_kind, digest_link_name
from tocsin.outbound.mail_errors import MailRefused, MailSuppressed, MailUnavailable
from tocsin.outbound.mail_message import MailMessage
from tocsin.quotas.limits import Quota
from tocsin.quotas.metered_mail import MAIL_QUOTA_EXCEEDED
from tocsin.security.secret_box import SecretUnreadable
from tocsin.security.unsubscribe_links import UnsubscribeLink, digest_mailbox


class MailChannel(Channel):
    """Notifications by mail, of all events that need no choice, within the limits of the recipients' mailboxes."""

    def __init__(self, context: ChannelContext) -> None:
        super().__init__(context)
        self._recipients = RecipientResolver(
            context.database, context.limits, confirms=context.confirms, clock=context.clock
        )

    @staticmethod
    async def accepts(_event: Event, _database: Database) -> bool:
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
        try:
            return await self._send_once(delivery)
        except AddressBounced:  # the account gets the mail
            return await self._send_once(delivery)

    async def _send_once(self, delivery: DeliveryDocument) -> Message:
        database, now = self._context.database, self._context.clock()
        async with self._recipients.reserve(delivery) as recipient:
            mail = add_fallback_note(await add_late_notes(database, delivery, now), delivery)
            mail = add_withheld_note(mail, recipient.withheld)
            if recipient.note is not None:
                mail = mail.with_note(recipient.note)
            page = self._page_address(delivery)
            text = mail.text if page is None else insert_page_address(mail.text, page)
            await self._context.mail.send(await self._compose(delivery, recipient, replace(mail, text=text), page))
        return Message(mail.subject, text)

    async def _compose(
        self, delivery: DeliveryDocument, recipient: Recipient, mail: StoredMail, page: str | None
    ) -> MailMessage:
        """Return the mail with what only the sent one contains: its secret link, and the one by which it is turned off.

        Raises SecretUnreadable.
        """
        link, footer = await self._unseal_link(delivery), self._make_footer(delivery, recipient)
        text = mail.text if link is None else insert_link(mail.text, link)
        html = None if mail.content is None else format_html(mail.content, mail.subject, link or page, footer)
        return MailMessage(
            recipient.address,
            mail.subject,
            text if footer is None else append_unsubscribe(text, footer.reason, footer.address),
            delivery["_id"],
            html=html,
            thread=_thread(delivery),
            unsubscribe=footer.address if footer is not None and _is_secure(footer.address) else None,
        )

    def _make_footer(self, delivery: DeliveryDocument, recipient: Recipient) -> Footer | None:
        """Return why the user gets the mail, and where it is turned off; None if it cannot be."""
        links, kind = self._context.unsubscribe_links, delivery["kind"]
        if links is None or kind not in OPTIONAL_MAILS | {DIGEST_KIND}:
            return None
        name = digest_link_name(find_delivery_purpose(delivery)) if kind == DIGEST_KIND else kind
        mailbox = digest_mailbox(recipient.address) if recipient.is_other else ""
        token = links.sign(UnsubscribeLink(delivery["owner"], name, mailbox), self._context.clock())
        return Footer(_reason(kind, recipient), self._context.page(f"{UNSUBSCRIBE_PATH}{token}"))

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


def _reason(kind: str, recipient: Recipient) -> str:
    """Return why the user gets the mail, and of a digest, what turning it off turns off."""
    if kind != DIGEST_KIND:
        gets = "A mail comes to this address" if recipient.is_other else "You get a mail"
        return f"{gets} when {describe_kind(kind)}."
    if recipient.is_other:
        return "Digests come to this address, because someone who reads it agreed to get these mails."
    return "You get digests, because your notification preferences ask for them. The link lists what it turns off."


def _is_secure(address: str) -> bool:
    """Tell whether mail programs may call the address with one click, which RFC 8058 allows for https only."""
    return address.startswith("https://")


def _thread(delivery: DeliveryDocument) -> str | None:
    """Return the identity of the thread that the mails about one incident, or one request for a decision, form."""
    about = delivery.get("about")
    if about is None:
        return None
    incident_id = about.get("incident_id")
    return f"{about['type']} {about['id']} {about['incident']}" if incident_id is None else f"Incident {incident_id}"
