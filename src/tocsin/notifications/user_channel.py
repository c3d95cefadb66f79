"""The channel that delivers to the channels that users have set up, whatever their kind."""

from pymongo.errors import PyMongoError

from tocsin.documents import DeliveryDocument, NotificationChannelDocument
from tocsin.errors import InvalidInput, TocsinError
from tocsin.notifications import channel_health
from tocsin.notifications.channel_store import can_be_told, keeps_alerts, open_settings
from tocsin.notifications.channels import CONFIGURABLE_CHANNELS
from tocsin.notifications.channels.base import (
    Channel,
    DeliveryObsolete,
    DeliveryPostponed,
    DeliveryRefused,
    DeliverySuppressed,
    DeliveryUnavailable,
    EndpointGone,
    KindTurnedOff,
    Message,
)
from tocsin.notifications.channels.notice import Notice
from tocsin.notifications.events import ENDS, Event
from tocsin.notifications.notices import render_notice, to_notice
from tocsin.outbound.http_client import HttpClient
from tocsin.security.secret_box import SecretBox, SecretUnreadable
from tocsin.telemetry import get_logger

CHANNEL_DELETED, CHANNEL_DISABLED = "the channel was deleted", "the channel is disabled"
"""The reasons of deliveries that were dropped because of their channel."""
_GONE = "Its endpoint does not exist any more."
_log = get_logger(__name__)


async def send_notice(
    channel: NotificationChannelDocument, notice: Notice, box: SecretBox | None, http: HttpClient | None
) -> None:
    """Send a notice to a channel. Raises DeliveryRefused, EndpointGone or DeliveryUnavailable."""
    if box is None or http is None:
        raise DeliveryUnavailable("This process can neither open secrets nor call servers.")
    try:
        settings = await open_settings(channel, box)
    except SecretUnreadable:
        message = "The settings cannot be decrypted: the encryption key has changed. Give them again."
        raise DeliveryRefused(message) from None
    except InvalidInput as error:  # stored by a version that accepted them
        raise DeliveryRefused(f"The stored settings are no longer valid: {error} Create another channel.") from None
    await CONFIGURABLE_CHANNELS[channel["kind"]].deliver(notice, settings, http)


class UserChannel(Channel):
    """The delivery to the channel that a delivery names, and the record of how that went."""

    @staticmethod
    def render(event: Event) -> Message:
        """Return the text of an event, which the kind of channel puts into its own format."""
        return render_notice(event)

    async def deliver(self, delivery: DeliveryDocument) -> Message:
        """Deliver to a channel that exists, is enabled and did not fail just now, or to one as it was.

        For a deactivated owner, only what was opened in an alert service is closed there.
        """
        channel = await self._find_channel(delivery)
        context, notice = self._context, self._make_notice(delivery)
        try:
            await send_notice(channel, notice, context.secrets, context.http)
        except EndpointGone as error:
            reason = str(error) if isinstance(error, KindTurnedOff) else f"{_GONE} {error}"
            await channel_health.disable(context.database, channel, reason, context.clock())
            raise
        except (DeliveryRefused, DeliveryUnavailable) as error:
            await self._record(channel, error)
            raise
        await self._record(channel, None)
        return Message(delivery["subject"], delivery["text"])

    def _make_notice(self, delivery: DeliveryDocument) -> Notice:
        link = delivery.get("link")
        try:
            return to_notice(delivery, None if link is None else self._context.page(link))
        except ValueError as error:
            raise DeliveryRefused(f"The notification cannot be told: {error}") from None

    async def _find_channel(self, delivery: DeliveryDocument) -> NotificationChannelDocument:
        database = self._context.database
        channel = delivery.get("former_channel") or await self._find_present(delivery)
        retry_at = channel.get("retry_at")
        if retry_at is not None and retry_at > self._context.clock():
            raise DeliveryPostponed(channel.get("last_error") or "The channel fails.", retry_at)
        owner = await database.users.find_one({"_id": channel["owner"]}, {"is_active": 1})
        if owner is None or not (owner["is_active"] or (delivery["kind"] in ENDS and keeps_alerts(channel))):
            raise DeliverySuppressed("the owner was deleted or deactivated")
        return channel

    async def _find_present(self, delivery: DeliveryDocument) -> NotificationChannelDocument:
        query = {"_id": delivery.get("channel")}
        channel = await self._context.database.notification_channels.find_one(query)
        if channel is None:
            raise DeliveryObsolete(CHANNEL_DELETED)
        if not can_be_told(channel, delivery["kind"]):
            raise DeliveryObsolete(CHANNEL_DISABLED)
        return channel

    async def _record(self, channel: NotificationChannelDocument, error: TocsinError | None) -> None:
        """Record the outcome. Without the database it stays unrecorded: what was sent must not be sent again."""
        database, now = self._context.database, self._context.clock()
        try:
            if error is None:
                await channel_health.record_success(database, channel, now)
            else:
                await channel_health.record_failure(database, channel, error, now)
        except PyMongoError as failure:
            _log.warning("the state of a channel was not recorded", channel=channel["_id"], reason=str(failure))
