"""Tests of channels by their owners."""

from collections.abc import Callable
from datetime import datetime

from tocsin.documents import Database, NotificationChannelDocument
from tocsin.notifications import channel_health
from tocsin.notifications.channels.base import DeliveryPostponed, DeliveryRefused, DeliveryUnavailable
from tocsin.notifications.notices import make_test_notice
from tocsin.notifications.pages import CHANNELS_PAGE_PATH
from tocsin.notifications.user_channel import send_notice
from tocsin.outbound.http_client import HttpClient
from tocsin.security.secret_box import SecretBox


async def try_channel(
    database: Database,
    channel: NotificationChannelDocument,
    box: SecretBox,
    http: HttpClient,
    to_address: Callable[[str], str],
    now: datetime,
) -> str | None:
    """Send a notice to a channel as a delivery would, and return why that failed; None if it succeeded.

    A success ends a failure of the channel. A failure of a test does not begin one, since nothing was lost.
    """
    notice = make_test_notice(channel, to_address(CHANNELS_PAGE_PATH), now)
    try:
        await send_notice(channel, notice, box, http)
    except (DeliveryPostponed, DeliveryRefused, DeliveryUnavailable) as error:
        return str(error)
    await channel_health.record_success(database, channel, now)
    return None
