"""The channel that delivers by mail."""

from collections.abc import Callable
from datetime import datetime
from typing import Self

from tocsin import clock
from tocsin.documents import Database, DeliveryDocument
from tocsin.notifications.channels.base import (
    ChannelDependencies,
    Content,
    DeliveryFailed,
    DeliverySuppressed,
    DeliveryUnavailable,
)
from tocsin.notifications.channels.mail import late_mails
from tocsin.notifications.channels.mail.account_mails import LINK_PLACEHOLDER
from tocsin.notifications.channels.mail.layout import insert_page_address
from tocsin.notifications.channels.mail.recipients import RecipientResolver
from tocsin.outbound.mail_limits import RecipientLimits
from tocsin.outbound.mail_transport import MailRefused, MailTransport, MailUnavailable
from tocsin.outbound.owner_mail import MailSuppressed
from tocsin.security.secret_box import SecretBox, SecretUnreadable


class MailChannel:
    """Sends deliveries as mails.

    `page` turns the path of a page into an address. `limits` are those of recipients. With `confirms`, nothing is sent
    to an address that is not confirmed.
    """

    def __init__(
        self,
        database: Database,
        transport: MailTransport,
        secrets: SecretBox | None = None,
        *,
        page: Callable[[str], str] = str,
        limits: RecipientLimits = RecipientLimits(),  # noqa: B008  # frozen
        confirms: bool = False,
        clock: Callable[[], datetime] = clock.now,
    ) -> None:
        self._database, self._transport, self._secrets, self._page = database, transport, secrets, page
        self._recipients = RecipientResolver(database, limits, confirms=confirms, clock=clock)
        self._clock = clock

    @classmethod
    def build(cls, dependencies: ChannelDependencies) -> Self:
        """Return the channel of a process."""
        settings = dependencies.settings
        return cls(
            dependencies.database,
            dependencies.mail,
            dependencies.secrets,
            page=settings.page_url,
            limits=RecipientLimits.from_settings(settings),
            confirms=settings.requires_confirmed_addresses,
        )

    async def deliver(self, delivery: DeliveryDocument) -> Content:
        """Send the mail once, and return what was sent, without its secret link.

        Raises DeliveryFailed, DeliverySuppressed, DeliveryUnavailable, PyMongoError.
        """
        try:
            async with self._recipients.reserve(delivery) as (to, add_note):
                subject, text = await late_mails.add_late_notes(self._database, delivery, self._clock())
                text = add_note(text)
                if (path := delivery.get("link")) is not None:
                    text = insert_page_address(text, self._page(path))
                await self._transport.send(to, subject, await self._insert_link(text, delivery), delivery["_id"])
        except SecretUnreadable:
            raise DeliveryFailed("its link cannot be decrypted: the encryption key has changed") from None
        except MailSuppressed as error:
            raise DeliverySuppressed(str(error)) from None
        except MailRefused as error:
            raise DeliveryFailed(str(error)) from None
        except MailUnavailable as error:
            raise DeliveryUnavailable(str(error)) from None
        return Content(subject, text)

    async def _insert_link(self, text: str, delivery: DeliveryDocument) -> str:
        """Return the text with the link, which only the sent mail contains. Raises SecretUnreadable."""
        sealed = delivery.get("sealed")
        if sealed is None:
            return text
        if self._secrets is None:
            raise SecretUnreadable("there is no key to decrypt it with")
        return text.replace(LINK_PLACEHOLDER, await self._secrets.unseal(sealed, delivery["_id"]))
