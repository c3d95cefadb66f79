"""Other addresses for mails as they are stored in MongoDB. `run_documents` has the rules for these types."""

from datetime import datetime
from typing import NotRequired, TypedDict

from tocsin.documents.account_enums import MailPurpose


class MailAddressDocument(TypedDict):
    """A stored address. See `tocsin.documents.MailAddress` for the meaning of the fields."""

    _id: str
    owner: str
    purpose: MailPurpose
    email: NotRequired[str | None]
    confirmed_at: NotRequired[datetime | None]
    requested_email: NotRequired[str | None]
    requested_at: NotRequired[datetime | None]
    bounced_at: NotRequired[datetime | None]
    last_error: NotRequired[str | None]
    unsubscribed_at: NotRequired[datetime | None]
