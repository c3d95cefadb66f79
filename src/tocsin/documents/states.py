"""The states of runs and tasks, and the one table of moves between run states (drawn in docs/state_machine.md)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class RunStatus(StrEnum):
    """Where a run is in its life."""

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
    """What a task is doing, seen from its scheduled runs."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    RETRY = "RETRY"
    PAUSED = "PAUSED"


class Trigger(StrEnum):
    """What made a run."""

    SCHEDULE = "SCHEDULE"
    MANUAL = "MANUAL"
    WORKFLOW = "WORKFLOW"


class RunReason(StrEnum):
    """Why a run is in its state, where the state alone does not say it."""

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


class WaitingFor(StrEnum):
    """What an open run, or a step, waits for."""

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
    COMPUTE = "COMPUTE"
    DEPENDENCY = "DEPENDENCY"
    APPROVAL = "APPROVAL"
    ACCEPTANCE = "ACCEPTANCE"
    TIME = "TIME"


class AttemptOutcome(StrEnum):
    """How one try ended; null while it goes on."""

    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    LOST = "LOST"


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
    LOST = "LOST"
    CANCELLED = "CANCELLED"
    JOB = "JOB"
    BAD_PARAMS = "BAD_PARAMS"
    EXPRESSION = "EXPRESSION"
    MAIL = "MAIL"
    RESULT_TOO_LARGE = "RESULT_TOO_LARGE"
    COMPUTE_LIMIT = "COMPUTE_LIMIT"
    INTERNAL = "INTERNAL"
    SECRET_UNREADABLE = "SECRET_UNREADABLE"  # noqa: S105  # no password


class Overlap(StrEnum):
    """What happens to a due time whose predecessor still runs."""

    SKIP = "SKIP"
    QUEUE = "QUEUE"
    ALLOW = "ALLOW"


class Hold(StrEnum):
    """What the owner did to a task so that it has no due times. DELETED: hidden until its runs are settled."""

    PAUSED = "PAUSED"
    CANCELLED = "CANCELLED"
    DELETED = "DELETED"


class DeliveryStatus(StrEnum):
    """Where a delivery is in its life. The last three are final: outdated, given up, and not to be sent."""

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
    S.WAITING: frozenset({S.COMPLETED, S.FAILED, S.CANCELLED}),
    S.COMPLETED: frozenset(),
    S.FAILED: frozenset({S.QUEUED}),
    S.MISSED: frozenset({S.QUEUED}),
    S.SKIPPED: frozenset({S.QUEUED}),
    S.CANCELLED: frozenset({S.QUEUED}),
}


def public_status(run: Mapping[str, Any]) -> RunStatus:
    """Return the state of a stored run as it is told: one that a worker has, but has not begun, still waits."""
    status = S(run["status"])
    return S.QUEUED if status is S.RUNNING and run.get("begun") is False else status


TASK_STATUS_OF_OPEN_RUN: dict[RunStatus, TaskStatus] = {
    S.QUEUED: TaskStatus.PENDING,
    S.RETRY: TaskStatus.RETRY,
    S.RUNNING: TaskStatus.RUNNING,
    S.WAITING: TaskStatus.RUNNING,
}
"""How an open run shows on its task. In the order of the alphabet the later one wins: PENDING, RETRY, RUNNING."""

_HELD = {"$cond": [{"$eq": ["$hold", Hold.DELETED]}, TaskStatus.CANCELLED, "$hold"]}
_BUSY = {"$max": {"$map": {"input": "$active", "in": "$$this.shows"}}}
_IDLE = {"$cond": [{"$eq": ["$next_run_at", None]}, "$last_end", TaskStatus.PENDING]}
PROJECT_TASK_STATUS: dict[str, Any] = {"$set": {"status": {"$ifNull": [_HELD, {"$ifNull": [_BUSY, _IDLE]}]}}}
"""The last stage of every update of a task: its status, as a function of what the same update left in the document.

The owner's hold wins; else RUNNING while a scheduled run runs or waits; else RETRY; else PENDING while a run is queued
or a due time lies ahead; else the end of its last scheduled run.
"""
