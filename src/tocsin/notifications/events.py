"""Events that users are notified of, and the fields that they share. Each channel has its own text for each. Pure.

The classes of events are in `run_events` and `account_events`, each with the constructor that makes it from its cause.
The id of an event derives from that cause, so that nobody is notified of it twice.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tocsin.documents import DeliveryAboutDocument


class EventKind(StrEnum):
    """The kinds of events, as stored in deliveries."""

    BEGAN_FAILING = "BEGAN_FAILING"
    FAILED_FOR_GOOD = "FAILED_FOR_GOOD"
    APPROVAL = "APPROVAL"
    QUOTA_MET = "QUOTA_MET"
    PASSWORD_RESET = "PASSWORD_RESET"  # noqa: S105  # not a password
    EMAIL_CONFIRMATION = "EMAIL_CONFIRMATION"
    INVITATION = "INVITATION"
    ADDRESS_CONFIRMATION = "ADDRESS_CONFIRMATION"
    REFRESH_TOKEN_REUSED = "REFRESH_TOKEN_REUSED"  # noqa: S105  # not a password
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105  # not a password
    CHANNEL_DISABLED = "CHANNEL_DISABLED"


ACCOUNT_EVENTS = frozenset(
    {
        EventKind.PASSWORD_RESET,
        EventKind.EMAIL_CONFIRMATION,
        EventKind.INVITATION,
        EventKind.ADDRESS_CONFIRMATION,
        EventKind.REFRESH_TOKEN_REUSED,
        EventKind.PASSWORD_CHANGED,
    }
)
"""The kinds of events of accounts."""
LINK_EVENTS = frozenset(
    {
        EventKind.PASSWORD_RESET,
        EventKind.EMAIL_CONFIRMATION,
        EventKind.INVITATION,
        EventKind.ADDRESS_CONFIRMATION,
    }
)
"""The kinds whose notifications carry a secret link, which only the mail itself contains: whoever has it can take the
account, or have its mails sent elsewhere."""
UNCONFIRMED_EVENTS = frozenset({EventKind.EMAIL_CONFIRMATION, EventKind.PASSWORD_RESET, EventKind.ADDRESS_CONFIRMATION})
"""The kinds whose notifications lead to a confirmed address, and so go to unconfirmed ones too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that `owner` is notified of. `page` is the path of the page about it, `run` the run that caused it.

    `about` names its subject, and the stage of its incident: notifications about one subject are delivered in the order
    of its incidents and their stages. A subclass adds what the texts say; one whose events are all of one kind has that
    as the default of `kind`.
    """

    kind: EventKind
    id: str
    owner: str
    at: datetime
    run: str | None = None
    about: DeliveryAboutDocument | None = None
    page: str | None = None
