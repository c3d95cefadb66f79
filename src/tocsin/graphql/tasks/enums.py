"""Enums of tasks, with a description of each value."""

from tocsin.documents import Overlap, PauseReason, TaskStatus
from tocsin.graphql.enums import describe_enum
from tocsin.schedules import MisfirePolicy

describe_enum(
    TaskStatus,
    "The status of a task, derived from its scheduled runs.",
    {
        "PENDING": "The next due time is in the future, or a run is queued.",
        "RUNNING": "A scheduled run is being attempted, or its target is to call back.",
        "RETRY": "An attempt of a scheduled run failed and will be retried.",
        "COMPLETED": "No due times are left; the last scheduled run succeeded.",
        "FAILED": "No due times are left; the last scheduled run failed or was missed.",
        "CANCELLED": "You cancelled the task, or its last run.",
        "PAUSED": "The task is paused, for its `pauseReason`. It has no due times until you resume it.",
    },
)
describe_enum(
    PauseReason,
    "The reason for which a task is paused.",
    {
        "REQUESTED": "You paused it, or your account was deactivated.",
        "CONSECUTIVE_FAILURES": "As many scheduled runs in a row failed as its `pauseAfter` allows.",
        "UNREADABLE": "It cannot be read, such as when its time zone no longer exists. Edit it, then resume it.",
    },
    name="TaskPauseReason",
)
describe_enum(
    Overlap,
    "The handling of a due time at which the previous run has not ended.",
    {
        "SKIP": "Skip the due time and record a SKIPPED run.",
        "QUEUE": "Start the run once the previous run has ended. At most one run waits.",
        "ALLOW": "Start the run immediately, in parallel.",
    },
    name="OverlapPolicy",
)
describe_enum(
    MisfirePolicy,
    "The handling of due times that passed while no server could run them. Those that do not run are recorded as one "
    "MISSED run.",
    {
        "RUN_ONCE": "Run the latest missed due time.",
        "RUN_ALL": "Run the latest `maxRuns` missed due times, one after the other unless the overlap policy is ALLOW.",
        "SKIP": "Run only the latest missed due time, and only if it is still within the grace period.",
    },
)
