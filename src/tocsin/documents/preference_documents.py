"""Preferences of notifications, as they are stored in MongoDB. `run_documents` has the rules for these types."""

from datetime import datetime
from typing import NotRequired, TypedDict


class QuietHoursDocument(TypedDict):
    """Quiet hours: from and until a time of day in minutes, on the weekdays (0 is Monday) on which they begin."""

    begin: int
    end: int
    days: list[int]
    except_kinds: list[str]
    except_channels: list[str]


class DigestDocument(TypedDict):
    """How often a digest is sent, at which hour of the day if daily, and the kinds that are not collected in it."""

    frequency: str
    hour: int
    except_kinds: list[str]


class NotificationPreferencesDocument(TypedDict):
    """Stored preferences. See `tocsin.documents.NotificationPreferences` for the meaning of the fields."""

    _id: str
    owner: str
    mail_off: NotRequired[list[str]]
    mail_on: NotRequired[list[str]]
    failures: NotRequired[str | None]
    time_zone: NotRequired[str | None]
    quiet_hours: NotRequired[QuietHoursDocument | None]
    digest: NotRequired[DigestDocument | None]
    reminder_every: NotRequired[float | None]
    has_attempt_rules: NotRequired[bool]
    muted: NotRequired[bool]
    mailed: NotRequired[bool]
    channels: NotRequired[list[str] | None]
    kinds: NotRequired[list[str] | None]
    subject_type: NotRequired[str | None]
    created_at: NotRequired[datetime | None]
