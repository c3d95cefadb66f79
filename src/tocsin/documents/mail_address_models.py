"""The model of other addresses at which users get some of their mails."""

from datetime import datetime
from typing import ClassVar

from pymongo import IndexModel

from tocsin.documents.account_enums import MailPurpose
from tocsin.documents.base import StoredDocument


class MailAddress(StoredDocument):
    """The address for the mails of one purpose to `owner`. Its ID is `owner/purpose`.

    `email` is the confirmed address, which gets the mails; while it is null, that of the account does.
    `requested_email` is one whose link is not opened yet; until then the former one stays. `bounced_at` is the time at
    which the mail server last refused the address for good with `last_error`: the account gets the mails for a while.
    `unsubscribed_at` is the time at which the address left by the link in a mail.
    """

    owner: str
    purpose: MailPurpose
    email: str | None = None
    confirmed_at: datetime | None = None
    requested_email: str | None = None
    requested_at: datetime | None = None
    bounced_at: datetime | None = None
    last_error: str | None = None
    unsubscribed_at: datetime | None = None

    class Settings:
        name = "mail_addresses"
        indexes: ClassVar[list[IndexModel]] = []
