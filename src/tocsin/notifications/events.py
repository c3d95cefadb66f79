"""Events that users are notified of, and the fields that they share. Each channel has its own text for each. Pure.

The classes of events are in `run_events` and `account_events`, each with the constructor that makes it from its cause.
The id of an event derives from that cause, so that nobody is notified of it twice.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tocsin.clock import epoch_milliseconds
from tocsin.documents import DeliveryAboutDocument


class EventKind(StrEnum):
    """The kinds of events, as stored in deliveries."""

    BEGAN_FAILING = "BEGAN_FAILING"
    FAILED_FOR_GOOD = "FAILED_FOR_GOOD"
    STILL_FAILING = "STILL_FAILING"
    RECOVERED = "RECOVERED"
    INCIDENT_CLOSED = "INCIDENT_CLOSED"
    ATTEMPT_FAILED = "ATTEMPT_FAILED"
    APPROVAL = "APPROVAL"
    QUOTA_MET = "QUOTA_MET"
    PASSWORD_RESET = "PASSWORD_RESET"  # noqa: S105  # not a password
    EMAIL_CONFIRMATION = "EMAIL_CONFIRMATION"
    INVITATION = "INVITATION"
    ADDRESS_CONFIRMATION = "ADDRESS_CONFIRMATION"
    REFRESH_TOKEN_REUSED = "REFRESH_TOKEN_REUSED"  # noqa: S105  # not a password
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105  # not a password
    CHANNEL_DISABLED = "CHANNEL_DISABLED"
    TASK_PAUSED = "TASK_PAUSED"
    RUN_MISSED = "RUN_MISSED"
    WORKFLOW_FINISHED = "WORKFLOW_FINISHED"
    WORKFLOW_FAILED = "WORKFLOW_FAILED"
    REPORT_READY = "REPORT_READY"
    REPLAY_FINISHED = "REPLAY_FINISHED"
    API_TOKEN_CREATED = "API_TOKEN_CREATED"  # noqa: S105  # not a password
    NETWORK_DOWN = "NETWORK_DOWN"
    NETWORK_UP = "NETWORK_UP"
    MAIL_ADDRESS_CHANGED = "MAIL_ADDRESS_CHANGED"


ACCOUNT_EVENTS = frozenset(
    {
        EventKind.PASSWORD_RESET,
        EventKind.EMAIL_CONFIRMATION,
        EventKind.INVITATION,
        EventKind.ADDRESS_CONFIRMATION,
        EventKind.REFRESH_TOKEN_REUSED,
        EventKind.PASSWORD_CHANGED,
        EventKind.API_TOKEN_CREATED,
        EventKind.MAIL_ADDRESS_CHANGED,
    }
)
"""The kinds of events of accounts."""
INCIDENT_ENDS = frozenset({EventKind.RECOVERED, EventKind.INCIDENT_CLOSED})
"""The kinds that end what was told of an incident: it works again, or nobody watches it any more."""
ENDS = INCIDENT_ENDS | {EventKind.NETWORK_UP}
"""The kinds that end what a kind before them has opened, in a service that keeps alerts."""
DIGEST_KIND = "DIGEST"
"""The kind of deliveries of digests, which is none of events."""
OPT_IN_KINDS = frozenset({EventKind.WORKFLOW_FINISHED, EventKind.WORKFLOW_FAILED, EventKind.REPORT_READY})
"""The kinds that only go to channels, and by mail, where their owner has chosen them."""
UNSTORED_KINDS = frozenset({EventKind.WORKFLOW_FINISHED})
"""Those of them that are not even stored unless a channel takes them: a workflow can finish each second."""
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
SECURITY_EVENTS = frozenset(
    {
        EventKind.REFRESH_TOKEN_REUSED,
        EventKind.PASSWORD_CHANGED,
        EventKind.API_TOKEN_CREATED,
        EventKind.MAIL_ADDRESS_CHANGED,
    }
)
"""The kinds that tell of the security of an account, which are always mailed at once."""
NAMED_BY_CHANNELS = OPT_IN_KINDS | {EventKind.ATTEMPT_FAILED}
"""The kinds of which a channel is told only if its events name them."""
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


def about_latest(
    type_name: str, subject: str, at: datetime, *, task: str | None = None, workflow: str | None = None
) -> DeliveryAboutDocument:
    """Return the subject of an event that is no incident: of many about it, only the latest wait for a receiver.

    `at` puts them into order. The rule of the `task` or `workflow` (an ID) applies to it.
    """
    about: DeliveryAboutDocument = {
        "type": type_name, "id": f"{subject}:{type_name.lower()}", "incident": epoch_milliseconds(at), "stage": 0
    }  # fmt: skip
    if workflow is not None:
        return {**about, "subject_type": "Workflow", "subject": workflow}
    return about if task is None else {**about, "subject_type": "Task", "subject": task}
