"""The channels by which users are notified: one folder each, and one line in this table."""

from tocsin.notifications.channels.base import Channel
from tocsin.notifications.channels.mail import MailChannel

DEFAULT_CHANNEL = "mail"
"""The channel of deliveries that name none."""
CHANNELS: dict[str, type[Channel]] = {
    DEFAULT_CHANNEL: MailChannel,
}
