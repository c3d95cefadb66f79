"""The model of what users prefer to be told."""

from typing import ClassVar

from pymongo import IndexModel

from tocsin.documents.base import StoredDocument


class NotificationPreferences(StoredDocument):
    """The preferences of a user, whose ID it has. `mail_off` are the kinds of events of which no mail is sent."""

    owner: str
    mail_off: list[str] = []

    class Settings:
        name = "notification_preferences"
        indexes: ClassVar[list[IndexModel]] = []
