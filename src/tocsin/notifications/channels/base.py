"""The interface of a channel, and what it reports to the delivery worker."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tocsin import clock
from tocsin.documents import Changes, Database, DeliveryDocument, DeliveryStatus, MailContentDocument
from tocsin.errors import TocsinError
from tocsin.notifications.events import Event
from tocsin.outbound.http_client import HttpClient
from tocsin.outbound.mail_limits import RecipientLimits
from tocsin.outbound.mail_transport import MailTransport
from tocsin.quotas.meter import UsageMeter
from tocsin.security.secret_box import SecretBox
from tocsin.security.unsubscribe_links import UnsubscribeLinks


class DeliveryRefused(TocsinError):
    """A permanent failure to deliver this notification. A retry is useless."""


class EndpointGone(DeliveryRefused):
    """A refusal of every notification, until the user changes the channel's settings: its endpoint no longer exists."""


class KindTurnedOff(EndpointGone):
    """A refusal of every notification, because this server does not use the kind of channel (any more)."""


class DeliveryUnavailable(TocsinError):
    """A temporary failure to deliver. A retry may succeed, after the `wait` if the other side asked for one."""

    def __init__(self, message: str, wait: timedelta | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class DeliveryPostponed(TocsinError):
    """No attempt was made: the channel has just failed, and is left alone until `until`."""

    def __init__(self, message: str, until: datetime) -> None:
        super().__init__(message)
        self.until = until


class DeliveryObsolete(TocsinError):
    """A notification that nobody waits for any more, such as one for a deleted channel."""


class DeliverySuppressed(TocsinError):
    """A notification that Tocsin itself does not deliver to this recipient."""


class LiveOutcome(TocsinError):
    """How a live delivery goes on. With the status QUEUED, an attempt was made, and there is another one."""

    def __init__(self, status: DeliveryStatus, reason: str | None, changes: Changes) -> None:
        super().__init__(reason or "It was acknowledged.")
        self.status, self.reason, self.changes = status, reason, changes


@dataclass(frozen=True, slots=True)
class Message:
    """A notification in words: the subject is one line, the text may be empty.

    `content` is the structure of the text, of a channel that makes more than text of it.
    """

    subject: str
    text: str
    content: MailContentDocument | None = None


@dataclass(frozen=True, slots=True)
class ChannelContext:
    """The parts of the process from which channels are made.

    `page` turns the path of a page into an address. `limits` are those of mail recipients. With `confirms`, nothing is
    sent to an address that is not confirmed. `unsubscribe_links` signs the links by which mails are turned off; without
    it, mails have none.
    """

    database: Database
    mail: MailTransport
    http: HttpClient | None = None
    secrets: SecretBox | None = None
    unsubscribe_links: UnsubscribeLinks | None = None
    page: Callable[[str], str] = str
    limits: RecipientLimits = field(default_factory=RecipientLimits)
    confirms: bool = False
    meter: UsageMeter = field(default_factory=UsageMeter)
    clock: Callable[[], datetime] = clock.now


class Channel(ABC):
    """A way to notify users. It is made once for each delivery worker."""

    def __init__(self, context: ChannelContext) -> None:
        self._context = context

    @staticmethod
    async def accepts(_event: Event, _database: Database) -> bool:
        """Tell whether this channel notifies the owner of the event, who may not have set it up. Default: of all."""
        return True

    @staticmethod
    @abstractmethod
    def render(event: Event) -> Message:
        """Return the message to be stored with the delivery."""

    @abstractmethod
    async def deliver(self, delivery: DeliveryDocument) -> Message:
        """Deliver the notification, and return the message as delivered, without secrets.

        Raises DeliveryRefused, DeliveryUnavailable, DeliveryPostponed, DeliveryObsolete or DeliverySuppressed.
        """
