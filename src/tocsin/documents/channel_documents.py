"""Channels that users set up, as they are stored in MongoDB. `run_documents` has the rules for these types."""

from datetime import datetime
from typing import Any, NotRequired, TypedDict


class NotificationChannelDocument(TypedDict):
    """A stored channel. See `tocsin.documents.NotificationChannel` for the meaning of the fields."""

    _id: str
    owner: str
    kind: str
    name: str
    settings: dict[str, Any]
    sealed: dict[str, str]
    shown: dict[str, Any]
    events: list[str] | None
    is_enabled: bool
    revision: int
    created_at: datetime
    failing_since: NotRequired[datetime | None]
    retry_at: NotRequired[datetime | None]
    last_error: NotRequired[str | None]
    last_delivered_at: NotRequired[datetime | None]
    disabled_at: NotRequired[datetime | None]
    disabled_reason: NotRequired[str | None]
