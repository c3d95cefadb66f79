"""The model of notifications."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from tocsin.documents.base import StoredDocument, ascending_index

if TYPE_CHECKING:
    from tocsin.documents.delivery_documents import DeliveryAboutDocument
    from tocsin.documents.notification_documents import NotificationDataDocument
else:  # Pydantic would drop the keys that a TypedDict does not name
    DeliveryAboutDocument = NotificationDataDocument = dict[str, Any]


class Notification(StoredDocument):
    """Something that a user was told. Its ID is that of the event, so that no cause has two.

    `at` is the time of the cause, `stored_at` that of the database when it was stored, by which notifications are
    ordered. `page` is the path of the page about it, `about` its subject with the stage of its incident, as in
    deliveries. `data` says the same for programs. `acknowledged` is true from `acknowledged_at` on.
    """

    owner: str
    kind: str
    at: datetime
    stored_at: datetime
    subject: str
    text: str
    page: str | None = None
    run: str | None = None
    about: DeliveryAboutDocument | None = None
    data: NotificationDataDocument
    acknowledged: bool = False
    acknowledged_at: datetime | None = None

    class Settings:
        name = "notifications"
        indexes: ClassVar = [
            ascending_index("owner", "stored_at"),
            ascending_index("owner", "acknowledged", "stored_at"),
        ]
