"""Enums of runs and attempts, with a description of each value. Reasons are in `reasons`."""

from tocsin.documents import AttemptOutcome, CallbackStatus, RunStatus
from tocsin.graphql.enums import describe_enum

describe_enum(
    RunStatus,
    "The status of a run.",
    {
        "QUEUED": "Due and waiting to be started; `waitingFor` says what for.",
        "RUNNING": "An attempt is in progress.",
        "WAITING": "The target has accepted the work and is to call back by `callbackExpectedBy`.",
        "RETRY": "The last attempt failed; the next one starts at `nextAttemptAt`.",
        "COMPLETED": "The last attempt succeeded.",
        "FAILED": "The last attempt failed and will not be retried.",
        "CANCELLED": "Cancelled before it succeeded; `reason` says why.",
        "SKIPPED": "Not run because the previous run had not ended.",
        "MISSED": "Not run because no server could run it in time. Represents all due times up to `missedUntil`.",
    },
)
describe_enum(
    AttemptOutcome,
    "The outcome of an attempt.",
    {
        "COMPLETED": "The job succeeded.",
        "FAILED": "The job failed; `error` says why.",
        "CANCELLED": "Aborted because its cancellation was requested.",
        "LOST": "The worker died or was stopped before the outcome was recorded. Does not count as a retry.",
    },
)
describe_enum(
    CallbackStatus,
    "The outcome that a target reports by a callback.",
    {"COMPLETED": "Its work is done.", "FAILED": "Its work failed."},
)
