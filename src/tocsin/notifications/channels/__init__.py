"""The channels by which users are notified: one folder each, and one line in these tables."""

from collections.abc import Mapping
from typing import Any

from tocsin.notifications.channels.apprise import AppriseChannel
from tocsin.notifications.channels.base import Channel
from tocsin.notifications.channels.configurable import ConfigurableChannel
from tocsin.notifications.channels.discord import DiscordChannel
from tocsin.notifications.channels.live import LiveChannel
from tocsin.notifications.channels.mail import MailChannel
from tocsin.notifications.channels.ntfy import NtfyChannel
from tocsin.notifications.channels.pagerduty import PagerDutyChannel
from tocsin.notifications.channels.slack import SlackChannel
from tocsin.notifications.channels.teams import TeamsChannel
from tocsin.notifications.channels.telegram import TelegramChannel
from tocsin.notifications.channels.webhook import WebhookChannel

DEFAULT_CHANNEL = "mail"
"""The channel of deliveries that name none."""
CHANNELS: dict[str, type[Channel]] = {
    DEFAULT_CHANNEL: MailChannel,
}
CONFIGURABLE_CHANNELS: Mapping[str, ConfigurableChannel[Any]] = {
    "live": LiveChannel(),
    "webhook": WebhookChannel(),
    "slack": SlackChannel(),
    "discord": DiscordChannel(),
    "teams": TeamsChannel(),
    "telegram": TelegramChannel(),
    "ntfy": NtfyChannel(),
    "pagerduty": PagerDutyChannel(),
    "apprise": AppriseChannel(),
}
"""The channels that users configure."""
