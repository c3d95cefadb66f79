"""The states of runs and tasks, and the one table of moves between run states (drawn in docs/state_machine.md)."""

from enum import Enum
from typing import Any


class RunStatus(Enum):
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


class TaskStatus(Enum):
    """What a task is doing, seen from its scheduled runs."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    RETRY = "RETRY"
    PAUSED = "PAUSED"


class Trigger(Enum):
    """What made a run."""

    SCHEDULE = "SCHEDULE"
    MANUAL = "MANUAL"


class RunReason(Enum):
    """Why a run is in its state, where the state alone does not say it."""

    OVERLAP = "OVERLAP"
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


class AttemptOutcome(Enum):
    """How one try ended; null while it goes on."""

    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    LOST = "LOST"


class Overlap(Enum):
    """What happens to a due time whose predecessor still runs."""

    SKIP = "SKIP"
    QUEUE = "QUEUE"
    ALLOW = "ALLOW"


class Hold(Enum):
    """What the owner did to a task so that it has no due times. DELETED ones are hidden until their runs are settled."""

    PAUSED = "PAUSED"
    CANCELLED = "CANCELLED"
    DELETED = "DELETED"


S = RunStatus
SETTLED = frozenset({S.COMPLETED, S.FAILED, S.CANCELLED, S.SKIPPED, S.MISSED})
OPEN = frozenset(RunStatus) - SETTLED
BIRTHS = frozenset({S.QUEUED, S.RUNNING, S.SKIPPED, S.MISSED})
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

_STATUSES = {"$map": {"input": "$active", "in": "$$this.status"}}


def _any_active(*statuses: RunStatus) -> dict[str, Any]:
    return {"$or": [{"$in": [status.value, _STATUSES]} for status in statuses]}


PROJECT_TASK_STATUS: dict[str, Any] = {
    "$set": {
        "status": {
            "$switch": {
                "branches": [
                    {"case": {"$eq": ["$hold", Hold.PAUSED.value]}, "then": TaskStatus.PAUSED.value},
                    {"case": {"$ne": ["$hold", None]}, "then": TaskStatus.CANCELLED.value},
                    {"case": _any_active(S.RUNNING, S.WAITING), "then": TaskStatus.RUNNING.value},
                    {"case": _any_active(S.RETRY), "then": TaskStatus.RETRY.value},
                    {
                        "case": {"$or": [_any_active(S.QUEUED), {"$ne": ["$next_run_at", None]}]},
                        "then": TaskStatus.PENDING.value,
                    },
                ],
                "default": "$last_end",
            }
        }
    }
}
"""The last stage of every update of a task: its status, as a function of what the same update left in the document.

The owner's hold wins; else RUNNING while a scheduled run runs or waits; else RETRY; else PENDING while a run is queued
or a due time lies ahead; else the end of its last scheduled run.
"""
