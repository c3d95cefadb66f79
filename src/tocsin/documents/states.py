"""The states of runs and tasks, and the table of moves between run statuses (drawn in docs/state_machine.md)."""

from enum import StrEnum
from typing import Any, NotRequired, TypedDict


class RunStatus(StrEnum):
    """The status of a run."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    WAITING = "WAITING"
    RETRY = "RETRY"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    SKIPPED = "SKIPPED"
    MISSED = "MISSED"


class TaskStatus(StrEnum):
    """The status of a task, derived from its scheduled runs."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    RETRY = "RETRY"
    PAUSED = "PAUSED"


class Trigger(StrEnum):
    """The origin of a run."""

    SCHEDULE = "SCHEDULE"
    MANUAL = "MANUAL"
    WORKFLOW = "WORKFLOW"
    LINK = "LINK"


class RunReason(StrEnum):
    """The reason for the status of a run, where the status alone does not say it."""

    OVERLAP = "OVERLAP"
    OVERLAP_LIMIT = "OVERLAP_LIMIT"
    MISFIRE = "MISFIRE"
    TASK_PAUSED = "TASK_PAUSED"
    TASK_CANCELLED = "TASK_CANCELLED"
    TASK_DELETED = "TASK_DELETED"
    TASK_EDITED = "TASK_EDITED"
    CANCEL_REQUESTED = "CANCEL_REQUESTED"
    GAVE_WAY = "GAVE_WAY"
    RETRIES_USED_UP = "RETRIES_USED_UP"
    NOT_RETRIED = "NOT_RETRIED"
    LOST_TOO_OFTEN = "LOST_TOO_OFTEN"
    QUOTA = "QUOTA"
    INCONCLUSIVE = "INCONCLUSIVE"


class NetworkFailureState(StrEnum):
    """The state of a failure by the network.

    SUSPECTED: nobody knows yet whose network failed. INCONCLUSIVE: ours did, so its run is to be tried again.
    """

    SUSPECTED = "SUSPECTED"
    INCONCLUSIVE = "INCONCLUSIVE"


class WaitingFor(StrEnum):
    """The condition that an open run or a step waits for."""

    CONCURRENCY = "CONCURRENCY"
    OWNER_SHARE = "OWNER_SHARE"
    QUEUE_PAUSED = "QUEUE_PAUSED"
    QUEUE_LIMIT = "QUEUE_LIMIT"
    QUEUE_RATE = "QUEUE_RATE"
    HOST_LIMIT = "HOST_LIMIT"
    HOST_RATE = "HOST_RATE"
    OWNER_HOST_RATE = "OWNER_HOST_RATE"
    CIRCUIT_OPEN = "CIRCUIT_OPEN"
    EARLIER_RUN = "EARLIER_RUN"
    RETRY_AT = "RETRY_AT"
    CALLBACK = "CALLBACK"
    COMPUTE = "COMPUTE"
    DEPENDENCY = "DEPENDENCY"
    APPROVAL = "APPROVAL"
    ACCEPTANCE = "ACCEPTANCE"
    TIME = "TIME"


class AttemptOutcome(StrEnum):
    """The outcome of an attempt; null while it runs."""

    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    LOST = "LOST"


class CallbackStatus(StrEnum):
    """The outcome that a target reports by a callback."""

    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class ErrorKind(StrEnum):
    """The category of an attempt's failure."""

    TIMEOUT = "TIMEOUT"
    DNS = "DNS"
    CONNECT = "CONNECT"
    TLS = "TLS"
    HTTP_STATUS = "HTTP_STATUS"
    BLOCKED_ADDRESS = "BLOCKED_ADDRESS"
    BLOCKED_PORT = "BLOCKED_PORT"
    BAD_URL = "BAD_URL"
    TOO_MANY_REDIRECTS = "TOO_MANY_REDIRECTS"
    HOST_RATE = "HOST_RATE"
    PROTOCOL = "PROTOCOL"
    CALLBACK_FAILED = "CALLBACK_FAILED"
    CALLBACK_TIMEOUT = "CALLBACK_TIMEOUT"
    LOST = "LOST"
    CANCELLED = "CANCELLED"
    JOB = "JOB"
    BAD_PARAMS = "BAD_PARAMS"
    EXPRESSION = "EXPRESSION"
    MAIL = "MAIL"
    RESULT_TOO_LARGE = "RESULT_TOO_LARGE"
    COMPUTE_LIMIT = "COMPUTE_LIMIT"
    INTERNAL = "INTERNAL"
    SECRET_UNREADABLE = "SECRET_UNREADABLE"  # noqa: S105  # not a password
    SECRET_MISSING = "SECRET_MISSING"  # noqa: S105
    SECRET_HOST = "SECRET_HOST"  # noqa: S105


class Overlap(StrEnum):
    """The handling of a due time while the previous run is open."""

    SKIP = "SKIP"
    QUEUE = "QUEUE"
    ALLOW = "ALLOW"


class Hold(StrEnum):
    """The owner's action that suspends the due times of a task. DELETED: hidden until its runs are settled."""

    PAUSED = "PAUSED"
    CANCELLED = "CANCELLED"
    DELETED = "DELETED"


class PauseReason(StrEnum):
    """The reason for which a task is paused."""

    REQUESTED = "REQUESTED"
    CONSECUTIVE_FAILURES = "CONSECUTIVE_FAILURES"
    UNREADABLE = "UNREADABLE"


class DeliveryStatus(StrEnum):
    """The status of a delivery. SUPERSEDED: replaced by a later one. SUPPRESSED: its recipient must not get it."""

    QUEUED = "QUEUED"
    DELIVERED = "DELIVERED"
    SUPERSEDED = "SUPERSEDED"
    FAILED = "FAILED"
    SUPPRESSED = "SUPPRESSED"


S = RunStatus
SETTLED_STATUSES = frozenset({S.COMPLETED, S.FAILED, S.CANCELLED, S.SKIPPED, S.MISSED})
OPEN_STATUSES = frozenset(RunStatus) - SETTLED_STATUSES
INITIAL_STATUSES = frozenset({S.QUEUED, S.RUNNING, S.SKIPPED, S.MISSED})
MOVES: dict[RunStatus, frozenset[RunStatus]] = {
    S.QUEUED: frozenset({S.RUNNING, S.CANCELLED}),
    S.RUNNING: frozenset({S.COMPLETED, S.RETRY, S.FAILED, S.WAITING, S.QUEUED, S.CANCELLED}),
    S.RETRY: frozenset({S.QUEUED, S.FAILED, S.CANCELLED}),
    S.WAITING: frozenset({S.COMPLETED, S.RETRY, S.FAILED, S.CANCELLED}),
    S.COMPLETED: frozenset(),
    S.FAILED: frozenset({S.QUEUED}),
    S.MISSED: frozenset({S.QUEUED}),
    S.SKIPPED: frozenset({S.QUEUED}),
    S.CANCELLED: frozenset({S.QUEUED}),
}


class RunProgress(TypedDict):
    """The fields of a stored run that tell how far it is."""

    status: RunStatus
    begun: NotRequired[bool]


def public_status(run: RunProgress) -> RunStatus:
    """Return the status of a stored run as the API shows it: a claimed run that has not begun is QUEUED."""
    status = S(run["status"])
    return S.QUEUED if status is S.RUNNING and run.get("begun") is False else status


TASK_STATUS_OF_OPEN_RUN: dict[RunStatus, TaskStatus] = {
    S.QUEUED: TaskStatus.PENDING,
    S.RETRY: TaskStatus.RETRY,
    S.RUNNING: TaskStatus.RUNNING,
    S.WAITING: TaskStatus.RUNNING,
}
"""The status of a task with such an open run. Of several the alphabetically last wins: PENDING, RETRY, RUNNING."""

_HELD = {"$cond": [{"$eq": ["$hold", Hold.DELETED]}, TaskStatus.CANCELLED, "$hold"]}
_BUSY = {"$max": {"$map": {"input": "$active", "in": "$$this.shows"}}}
_IDLE = {"$cond": [{"$eq": ["$next_run_at", None]}, "$last_end", TaskStatus.PENDING]}
PROJECT_TASK_STATUS: dict[str, Any] = {"$set": {"status": {"$ifNull": [_HELD, {"$ifNull": [_BUSY, _IDLE]}]}}}
"""The last stage of every update of a task, which derives its status from the updated document.

In order of precedence: the owner's hold; RUNNING while a scheduled run runs or waits; RETRY; PENDING while a run is
queued or a due time lies ahead; the end of the last scheduled run.
"""
