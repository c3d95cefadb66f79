"""The model of channels that users set up to be notified by."""

from datetime import datetime
from typing import Any, ClassVar

from tocsin.documents.base import StoredDocument, ascending_index


class NotificationChannel(StoredDocument):
    """A channel of its owner, of one of the kinds in `notifications/channels`.

    `settings` are the plain values of its settings, `sealed` the secret ones, each encrypted for the channel's ID.
    `shown` are the settings as their owner may see them, so that showing them opens no secret. `events` are the kinds
    of events that it takes, null for all.

    `revision` counts the changes by the owner: what an attempt with earlier settings found out does not count any
    more. `failing_since` is the time of the first failure after the last success, and nothing is sent before
    `retry_at`. `disabled_at` and `disabled_reason` are set where Tocsin has disabled it.
    """

    owner: str
    kind: str
    name: str
    settings: dict[str, Any]
    sealed: dict[str, str]
    shown: dict[str, Any]
    events: list[str] | None = None
    is_enabled: bool = True
    revision: int = 1
    created_at: datetime
    failing_since: datetime | None = None
    retry_at: datetime | None = None
    last_error: str | None = None
    last_delivered_at: datetime | None = None
    disabled_at: datetime | None = None
    disabled_reason: str | None = None

    class Settings:
        name = "notification_channels"
        indexes: ClassVar = [ascending_index("owner")]
