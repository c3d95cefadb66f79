"""The events that users are notified of, without any text: each channel renders them in its own way. Pure.

They are built by `event_factories`. The id of an event derives from its cause, so that nobody is notified of it twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from tocsin.documents.delivery_documents import DeliveryAboutDocument


class EventKind(StrEnum):
    """The kinds of events, as stored in deliveries."""

    BEGAN_FAILING = "BEGAN_FAILING"
    FAILED_FOR_GOOD = "FAILED_FOR_GOOD"
    APPROVAL = "APPROVAL"
    QUOTA_MET = "QUOTA_MET"
    PASSWORD_RESET = "PASSWORD_RESET"  # noqa: S105  # not a password
    EMAIL_CONFIRMATION = "EMAIL_CONFIRMATION"
    INVITATION = "INVITATION"
    REFRESH_TOKEN_REUSED = "REFRESH_TOKEN_REUSED"  # noqa: S105  # not a password
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105  # not a password


ACCOUNT_EVENTS = frozenset(
    {
        EventKind.PASSWORD_RESET,
        EventKind.EMAIL_CONFIRMATION,
        EventKind.INVITATION,
        EventKind.REFRESH_TOKEN_REUSED,
        EventKind.PASSWORD_CHANGED,
    }
)
"""The kinds of events of accounts."""
UNCONFIRMED_EVENTS = frozenset({EventKind.EMAIL_CONFIRMATION, EventKind.PASSWORD_RESET})
"""The kinds whose notifications lead to a confirmed address, and so go to unconfirmed ones too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that `owner` is notified of. `page` is the path of the page about it, `run` the run that caused it.

    Of the events about one `subject`, notifications are delivered in the order of its incidents and their stages.
    """

    kind: ClassVar[EventKind]
    id: str
    owner: str
    at: datetime
    run: str | None = None
    subject: DeliveryAboutDocument | None = None
    page: str | None = None


@dataclass(frozen=True, slots=True)
class ErrorExcerpt:
    """The message and hint of an error, without what may be secret."""

    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskBeganFailing(Event):
    """A task that worked before has failed and is to be retried, unless `next_due` is not later than `retry_at`."""

    kind = EventKind.BEGAN_FAILING
    task_name: str
    called: str
    error: ErrorExcerpt
    attempts: int
    retry_at: datetime
    next_due: datetime | None
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFailed(Event):
    """A run of a task has failed and is not retried."""

    kind = EventKind.FAILED_FOR_GOOD
    task_name: str
    called: str
    error: ErrorExcerpt
    attempts: int
    reason: str | None
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowBeganFailing(Event):
    """A step of a scheduled workflow that worked before has failed and is to be retried."""

    kind = EventKind.BEGAN_FAILING
    workflow_name: str
    step: str
    error: ErrorExcerpt
    attempts: int
    retry_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowFailed(Event):
    """A run of a scheduled workflow has failed, because these steps did."""

    kind = EventKind.FAILED_FOR_GOOD
    workflow_name: str
    steps: Sequence[str]
    error: ErrorExcerpt
    reason: str | None
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRequested(Event):
    """A step waits for the decision of `owner`. `name` is that of the workflow and its step."""

    kind = EventKind.APPROVAL
    name: str
    message: str
    is_reminder: bool
    decide_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaMet(Event):
    """An owner has reached these quotas, each described in words. At most one event a day."""

    kind = EventKind.QUOTA_MET
    quotas: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRequested(Event):
    """Someone requested a link. `sealed` is its encrypted URL, which only the notification itself contains."""

    sealed: str
    good_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordResetRequested(LinkRequested):
    """Someone requested a link to choose a new password."""

    kind = EventKind.PASSWORD_RESET


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailConfirmationRequested(LinkRequested):
    """Someone created an account with an address that must be confirmed."""

    kind = EventKind.EMAIL_CONFIRMATION


@dataclass(frozen=True, slots=True, kw_only=True)
class UserInvited(LinkRequested):
    """An administrator, or the command line if `inviter` is None, invited someone who has no account yet."""

    kind = EventKind.INVITATION
    email: str
    inviter: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenReused(Event):
    """A session was ended because its refresh token was used twice. The addresses are empty if unknown."""

    kind = EventKind.REFRESH_TOKEN_REUSED
    opened_at: datetime
    opened_from: str
    user_agent: str
    reused_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanged(Event):
    """The password of an account was changed from this network address; it is empty for the command line."""

    kind = EventKind.PASSWORD_CHANGED
    address: str
