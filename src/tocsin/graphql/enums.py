"""The enums of the layers below, each value described for those who use the API."""

from collections.abc import Mapping
from enum import Enum

import strawberry

from tocsin.documents import AttemptOutcome, Overlap, RunReason, RunStatus, TaskStatus, Trigger, WaitingFor
from tocsin.errors import UserErrorCode
from tocsin.events import ChangeKind
from tocsin.jobs.base import ErrorKind
from tocsin.schedules import MisfirePolicy

__all__ = ["HttpMethod", "IfPast", "OrderDirection", "describe"]


def describe(cls: type[Enum], description: str, values: Mapping[str, str], name: str | None = None) -> None:
    """Make `cls` a GraphQL enum of exactly these values."""
    definition = strawberry.enum(cls, name=name, description=description).__strawberry_definition__  # type: ignore[attr-defined]
    definition.values = [value for value in definition.values if value.name in values]
    if len(definition.values) != len(values):
        raise TypeError(f"{cls.__name__} has no value for some of {list(values)}")
    for value in definition.values:
        value.description = values[value.name]


class HttpMethod(Enum):
    """The methods that an HTTP job can use."""

    GET = "GET"
    HEAD = "HEAD"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"
    OPTIONS = "OPTIONS"


class IfPast(Enum):
    """What to do with a time that has passed."""

    REFUSE = "REFUSE"
    RUN_NOW = "RUN_NOW"


class OrderDirection(Enum):
    """Which way a list is sorted."""

    ASC = "ASC"
    DESC = "DESC"


describe(HttpMethod, "An HTTP method.", {method.name: f"{method.name}." for method in HttpMethod})
describe(
    IfPast,
    "What to do when `schedule.at` has already passed.",
    {"REFUSE": "Refuse the input.", "RUN_NOW": "Run once, now."},
)
describe(
    OrderDirection,
    "Which way a list is sorted.",
    {"ASC": "The smallest or earliest first.", "DESC": "The greatest or latest first."},
)
describe(
    TaskStatus,
    "What a task is doing, seen from its scheduled runs.",
    {
        "PENDING": "A due time lies ahead, or a run is queued.",
        "RUNNING": "A scheduled run is being attempted.",
        "RETRY": "A scheduled run failed and will be tried again.",
        "COMPLETED": "Nothing lies ahead; the last scheduled run succeeded.",
        "FAILED": "Nothing lies ahead; the last scheduled run failed or was missed.",
        "CANCELLED": "You cancelled the task, or its last run.",
        "PAUSED": "You paused the task: it has no due times until it is resumed.",
    },
)
describe(
    RunStatus,
    "Where a run is in its life.",
    {
        "QUEUED": "Due; waits for a worker.",
        "RUNNING": "An attempt is being made.",
        "RETRY": "The last attempt failed; the next one is at `nextAttemptAt`.",
        "COMPLETED": "Succeeded.",
        "FAILED": "Failed for good.",
        "CANCELLED": "Cancelled before it succeeded; `reason` says by what.",
        "SKIPPED": "Not run, because the run before was still going on.",
        "MISSED": "Not run, because nobody could run it at the time. Stands for all due times up to `missedUntil`.",
    },
)
describe(
    Trigger,
    "What made a run.",
    {
        "SCHEDULE": "A due time of the task's schedule.",
        "MANUAL": "A person, by `runTask`.",
        "WORKFLOW": "A step of a workflow.",
    },
    name="RunTrigger",
)
describe(
    RunReason,
    "Why a run is in its state, where the state alone does not say it. `reasonText` has it in words.",
    {
        "OVERLAP": "The run before was still going on.",
        "OVERLAP_LIMIT": "As many runs of the task were still going on as may be, though its overlap policy is ALLOW.",
        "MISFIRE": "The due time passed while nobody could run it.",
        "TASK_PAUSED": "The task was paused.",
        "TASK_CANCELLED": "The task was cancelled.",
        "TASK_DELETED": "The task was deleted.",
        "TASK_EDITED": "The task was edited.",
        "CANCEL_REQUESTED": "Its cancellation was asked for.",
        "GAVE_WAY": "The next due time came before the next retry.",
        "RETRIES_USED_UP": "The last retry failed too.",
        "NOT_RETRIED": "The failure is of a kind that is not retried.",
        "QUOTA": "A quota of its owner was used up when it was due, or is when its next attempt is.",
        "LOST_TOO_OFTEN": "Worker after worker died while attempting it.",
    },
)
describe(
    AttemptOutcome,
    "How an attempt ended.",
    {
        "COMPLETED": "The job succeeded.",
        "FAILED": "The job failed; `error` says why.",
        "CANCELLED": "Aborted, because its cancellation was asked for.",
        "LOST": "The worker died or was stopped. Not counted against the retries.",
    },
)
describe(
    Overlap,
    "What happens to a due time while the run before is still going on.",
    {
        "SKIP": "It is skipped; the run is recorded as SKIPPED.",
        "QUEUE": "It waits until the run before has ended; at most one waits.",
        "ALLOW": "It runs beside it.",
    },
    name="OverlapPolicy",
)
describe(
    MisfirePolicy,
    "What runs when due times passed while nobody could run them. The rest is recorded as one MISSED run.",
    {
        "RUN_ONCE": "The latest missed one runs.",
        "RUN_ALL": "The latest `maxRuns` missed ones run, one after the other unless overlap is ALLOW.",
        "SKIP": "None runs, except the latest if it is still within the grace period.",
    },
)
describe(
    ErrorKind,
    "Why an attempt failed.",
    {
        "TIMEOUT": "It took too long.",
        "DNS": "The host name could not be looked up.",
        "CONNECT": "No connection came about, or it broke off.",
        "TLS": "The server's certificate or its TLS was at fault.",
        "HTTP_STATUS": "The server answered with a status that is not success.",
        "BLOCKED_ADDRESS": "The address is one that may not be called.",
        "BLOCKED_PORT": "The port is one that may not be called.",
        "BAD_URL": "The URL, or one it redirected to, cannot be called.",
        "TOO_MANY_REDIRECTS": "More redirects in a row than are followed.",
        "HOST_RATE": "A redirect, or the job, called a host more often in a minute than its owner's runs may.",
        "PROTOCOL": "The answer was not valid HTTP, or not complete.",
        "LOST": "The worker died or was stopped during the attempt.",
        "CANCELLED": "Aborted, because its cancellation was asked for.",
        "JOB": "The job itself says that it cannot be done.",
        "BAD_PARAMS": "The parameters of the job, as they are after expressions were filled in, are wrong.",
        "EXPRESSION": "An expression of a workflow cannot be evaluated.",
        "MAIL": "The mail server did not take the mail.",
        "RESULT_TOO_LARGE": "The job's result has more bytes than are kept.",
        "COMPUTE_LIMIT": "The job needed more processor time or memory than one computation may have.",
        "INTERNAL": "A fault of Tocsin itself; its log says more.",
        "SECRET_UNREADABLE": "A stored secret cannot be decrypted with the server's present key.",
    },
)
describe(
    ChangeKind,
    "What an event tells of.",
    {
        "SNAPSHOT": "Listening begins here, or changes were dropped: read the present state.",
        "TASK_CREATED": "A task was saved.",
        "TASK_UPDATED": "A task was edited, or its status changed.",
        "TASK_DELETED": "A task was deleted.",
        "RUN_CREATED": "A run was made.",
        "RUN_UPDATED": "A run's status changed, or its cancellation was asked for.",
    },
    name="TaskEventKind",
)
describe(
    UserErrorCode,
    "What kind of fault a user error reports.",
    {
        "INVALID": "A value is wrong.",
        "NOT_FOUND": "You have no such thing.",
        "CONFLICT": "The thing's state does not allow it, or it was changed meanwhile.",
        "EMAIL_TAKEN": "Someone has signed up with this address.",
        "INVALID_CREDENTIALS": "The address or the password is wrong.",
        "SIGN_UP_CLOSED": "New accounts are made by the administrator only.",
        "SESSION_ENDED": "The refresh token is not good any more: log in again.",
        "LINK_INVALID": "The mailed link was used before, has expired or was replaced.",
        "IDEMPOTENCY_KEY_REUSED": "The key was used with another input.",
        "QUOTA_EXCEEDED": "You have as many as you may have, or used up what you may use: see `User.usage`.",
    },
)
describe(
    WaitingFor,
    "What an open run, or a step of a workflow, waits for.",
    {
        "CONCURRENCY": "All workers are busy.",
        "OWNER_SHARE": "Its owner has as many attempts under way as one user may.",
        "QUEUE_PAUSED": "An administrator paused its queue.",
        "QUEUE_LIMIT": "Its queue has as many runs under way as it may.",
        "QUEUE_RATE": "Its queue begins no more attempts a minute.",
        "HOST_LIMIT": "Its target host is called by as many attempts at once as may.",
        "HOST_RATE": "Its target host is called no more often in a minute.",
        "OWNER_HOST_RATE": "Its target host is called no more often in a minute by its owner's runs.",
        "CIRCUIT_OPEN": "Its target host could not be reached, or turned attempts away, too often in a row.",
        "EARLIER_RUN": "The run before of the same task has not ended.",
        "RETRY_AT": "The time of its next attempt.",
        "COMPUTE": "A process to compute in: others use them.",
        "DEPENDENCY": "Steps that it depends on.",
        "APPROVAL": "Somebody's decision.",
        "ACCEPTANCE": "Somebody's decision, for which nobody was asked: they do not accept requests from you.",
        "TIME": "A time.",
    },
)
