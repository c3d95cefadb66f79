"""The live channel: open streams and long polls of its owner, until the notification is acknowledged.

Nothing is called, so nothing is sent here: `notifications/live` makes the attempts.
"""

from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, field_validator

from tocsin.notifications.channels.base import DeliveryRefused
from tocsin.notifications.channels.configurable import ChannelSettings, ConfigurableChannel
from tocsin.notifications.channels.notice import Notice
from tocsin.outbound.http_client import HttpClient
from tocsin.schedules.iso8601 import format_duration, parse_iso_duration

DEFAULT_FALLBACK = timedelta(minutes=15)
MIN_FALLBACK, MAX_FALLBACK = timedelta(minutes=1), timedelta(days=1)
_NO_TEST = "A live channel calls nobody, so it cannot be tried. Subscribe to notificationReceived instead."
Duration = Annotated[
    timedelta,
    BeforeValidator(lambda value: value if isinstance(value, timedelta) else parse_iso_duration(value)),
    PlainSerializer(format_duration),
]


class LiveSettings(ChannelSettings):
    """The time after which a notification that nobody has acknowledged is mailed."""

    fallback_after: Duration = DEFAULT_FALLBACK

    @field_validator("fallback_after")
    @classmethod
    def _is_in_range(cls, value: timedelta) -> timedelta:
        if not MIN_FALLBACK <= value <= MAX_FALLBACK:
            raise ValueError(
                f"fallbackAfter must be {format_duration(MIN_FALLBACK)} to {format_duration(MAX_FALLBACK)}; it is "
                f"{format_duration(value)}."
            )
        return value


class LiveChannel(ConfigurableChannel[LiveSettings]):
    """Notifications in the streams and long polls that their owner has open."""

    settings_model = LiveSettings

    async def deliver(self, notice: Notice, settings: LiveSettings, http: HttpClient) -> None:  # noqa: ARG002
        """Refuse: there is nobody to call."""
        raise DeliveryRefused(_NO_TEST)
