"""Preferences as they are stored in MongoDB. `run_documents` has the rules for these types."""

from typing import NotRequired, TypedDict


class NotificationPreferencesDocument(TypedDict):
    """Stored preferences. See `tocsin.documents.NotificationPreferences` for the meaning of the fields."""

    _id: str
    owner: str
    mail_off: NotRequired[list[str]]
