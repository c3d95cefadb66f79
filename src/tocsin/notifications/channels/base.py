"""What a channel does: it writes events, and delivers what was written."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tocsin.config import Settings
from tocsin.documents import Database, DeliveryDocument
from tocsin.notifications.events import Event
from tocsin.outbound.mail_transport import MailTransport
from tocsin.security.secret_box import SecretBox


@dataclass(frozen=True, slots=True)
class Content:
    """An event as a channel writes it, stored until it is delivered, and brought up to date then."""

    subject: str
    text: str


class DeliveryFailed(Exception):
    """A delivery that will never succeed. The message says why."""


class DeliverySuppressed(Exception):
    """A delivery that its recipient must not get now. The message says why."""


class DeliveryUnavailable(Exception):
    """A delivery that may succeed later. The message says why not now."""


Render = Callable[[Event], Content]


@dataclass(frozen=True, slots=True)
class ChannelDependencies:
    """What channels are built from. `mail` hands mails over to a mail server or to files."""

    database: Database
    settings: Settings
    secrets: SecretBox
    mail: MailTransport


class Channel(Protocol):
    """Delivers what its renderer wrote."""

    async def deliver(self, delivery: DeliveryDocument) -> Content:
        """Deliver once, and return what was delivered.

        Raises DeliveryFailed, DeliverySuppressed, DeliveryUnavailable, PyMongoError.
        """
