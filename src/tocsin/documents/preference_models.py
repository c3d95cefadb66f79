"""The model of preferences of notifications."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from tocsin.documents.base import StoredDocument, ascending_index

if TYPE_CHECKING:
    from tocsin.documents.preference_documents import DigestDocument, QuietHoursDocument
else:  # Pydantic would drop the keys that a TypedDict does not name
    DigestDocument = QuietHoursDocument = dict[str, Any]


class NotificationPreferences(StoredDocument):
    """What a user wants to be told: the preferences of the user (the ID is theirs), or the rule of one of their tasks
    or workflows (the ID is its ID), which applies first. A field that is missing or null has its default.

    Of a user: `mail_off` are the kinds that are not mailed, so that new ones are, and `mail_on` those of the kinds that
    are only mailed on request. `quiet_hours` and `digest` are in `time_zone`. `reminder_every` is in seconds.
    `has_attempt_rules` is true from the first rule with EVERY_ATTEMPT on, so that nobody else's rules are looked up.
    Of a rule: `muted`, not `mailed`, of the channels only to these (IDs), or only these `kinds`; the `subject_type`,
    Task or Workflow, and `created_at`, by which rules are listed.
    Of both: `failures`, FIRST_AND_LAST or EVERY_ATTEMPT.
    """

    owner: str
    mail_off: list[str] = []
    mail_on: list[str] = []
    failures: str | None = None
    time_zone: str | None = None
    quiet_hours: QuietHoursDocument | None = None
    digest: DigestDocument | None = None
    reminder_every: float | None = None
    has_attempt_rules: bool = False
    muted: bool = False
    mailed: bool = True
    channels: list[str] | None = None
    kinds: list[str] | None = None
    subject_type: str | None = None
    created_at: datetime | None = None

    class Settings:
        name = "notification_preferences"
        indexes: ClassVar = [ascending_index("owner"), ascending_index("owner", "created_at")]
