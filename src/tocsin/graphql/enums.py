"""GraphQL enums of the layers below, with a description of each value."""

from collections.abc import Mapping
from enum import Enum

import strawberry

from tocsin.documents import ErrorKind, PublicLinkKind, Trigger, WaitingFor
from tocsin.errors import UserErrorCode

__all__ = ["HttpMethod", "IfPast", "OrderDirection", "describe_enum"]


def describe_enum(cls: type[Enum], description: str, values: Mapping[str, str], name: str | None = None) -> None:
    """Register `cls` as a GraphQL enum with exactly these values. Raises TypeError for an unknown one."""
    definition = strawberry.enum(cls, name=name, description=description).__strawberry_definition__  # type: ignore[attr-defined]
    definition.values = [value for value in definition.values if value.name in values]
    if len(definition.values) != len(values):
        raise TypeError(f"{cls.__name__} has no value for some of {list(values)}")
    for value in definition.values:
        value.description = values[value.name]


class HttpMethod(Enum):
    """An HTTP method that a job can use."""

    GET = "GET"
    HEAD = "HEAD"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"
    OPTIONS = "OPTIONS"


class IfPast(Enum):
    """The handling of a due time in the past."""

    REFUSE = "REFUSE"
    RUN_NOW = "RUN_NOW"


class OrderDirection(Enum):
    """The sort direction of a list."""

    ASC = "ASC"
    DESC = "DESC"


describe_enum(HttpMethod, "An HTTP method.", {method.name: f"The {method.name} method." for method in HttpMethod})
describe_enum(
    IfPast,
    "The handling of a `schedule.at` that has already passed.",
    {"REFUSE": "Reject the input with a user error.", "RUN_NOW": "Run once, immediately."},
)
describe_enum(
    OrderDirection,
    "The sort direction of a list.",
    {"ASC": "Ascending: smallest or earliest first.", "DESC": "Descending: greatest or latest first."},
)
describe_enum(
    Trigger,
    "The origin of a run.",
    {
        "SCHEDULE": "A due time of the task's schedule.",
        "MANUAL": "A person, with `runTask`.",
        "WORKFLOW": "A workflow step.",
        "LINK": "A request to a trigger URL; see `createPublicLink`.",
    },
    name="RunTrigger",
)
describe_enum(
    PublicLinkKind,
    "What a public link is for.",
    {
        "STATUS": "To show a badge and a status page, to whoever has the link.",
        "TRIGGER": "To start a run, by a POST request of whoever has the URL.",
    },
)
describe_enum(
    ErrorKind,
    "The kind of error with which an attempt failed.",
    {
        "TIMEOUT": "The attempt exceeded its timeout.",
        "DNS": "The host name could not be resolved.",
        "CONNECT": "The connection could not be established, or was lost.",
        "TLS": "The TLS handshake failed or the certificate of the server was rejected.",
        "HTTP_STATUS": "The response has a status that does not count as success.",
        "BLOCKED_ADDRESS": "Calls to this IP address are not allowed.",
        "BLOCKED_PORT": "Calls to this port are not allowed.",
        "BAD_URL": "The URL, or the target of a redirect, is invalid.",
        "TOO_MANY_REDIRECTS": "The request was redirected too many times.",
        "HOST_RATE": "A redirect or a request of the job exceeded the owner's limit of calls per minute to one host.",
        "PROTOCOL": "The response was not valid HTTP, or incomplete.",
        "CALLBACK_FAILED": "The target called back to report that its work failed.",
        "CALLBACK_TIMEOUT": "The target did not call back in time.",
        "LOST": "The worker died or was stopped during the attempt.",
        "CANCELLED": "Aborted because its cancellation was requested.",
        "JOB": "The job itself reported a failure.",
        "BAD_PARAMS": "The parameters of the job are invalid, after evaluation of their expressions.",
        "EXPRESSION": "An expression of a workflow could not be evaluated.",
        "MAIL": "The mail server rejected the mail.",
        "RESULT_TOO_LARGE": "The result of the job exceeds the maximum size in bytes.",
        "COMPUTE_LIMIT": "The job exceeded the CPU time or memory limit of a computation.",
        "INTERNAL": "An internal error of Tocsin; the server log has details.",
        "SECRET_UNREADABLE": "A stored secret cannot be decrypted with the keys of the server.",
        "SECRET_MISSING": "A secret that the job names does not exist any more.",
        "SECRET_HOST": "A secret that the job names may not go to this host.",
    },
)
describe_enum(
    UserErrorCode,
    "The code of a user error.",
    {
        "INVALID": "A value is invalid.",
        "NOT_FOUND": "The object does not exist or is not yours.",
        "CONFLICT": "The state of the object does not allow the change, or the object was changed in the meantime.",
        "EMAIL_TAKEN": "An account with this address already exists.",
        "INVALID_CREDENTIALS": "The address or the password is wrong.",
        "SIGN_UP_CLOSED": "Sign-up is closed: only administrators create accounts.",
        "SESSION_ENDED": "The refresh token is no longer valid: log in again.",
        "LINK_INVALID": "The mailed link was already used, has expired or was replaced by a newer one.",
        "IDEMPOTENCY_KEY_REUSED": "The idempotency key was used before with different input.",
        "QUOTA_EXCEEDED": "A quota is exceeded: see `User.usage`.",
    },
)
describe_enum(
    WaitingFor,
    "The condition that an open run or a workflow step is waiting for.",
    {
        "CONCURRENCY": "A free worker.",
        "OWNER_SHARE": "An attempt of the same owner to end: the owner has reached their share of concurrent attempts.",
        "QUEUE_PAUSED": "Its queue to be resumed by an administrator.",
        "QUEUE_LIMIT": "Another run of its queue to end: the queue has reached its concurrency limit.",
        "QUEUE_RATE": "The rate limit of its queue, in attempts per minute.",
        "HOST_LIMIT": "Another attempt to end: its target host has reached its concurrency limit.",
        "HOST_RATE": "The rate limit of its target host, in calls per minute.",
        "OWNER_HOST_RATE": "The rate limit of its owner's calls to its target host, in calls per minute.",
        "CIRCUIT_OPEN": "The circuit of its target host to close after too many failures in a row.",
        "EARLIER_RUN": "The previous run of the same task to end.",
        "RETRY_AT": "The time of its next attempt, `nextAttemptAt`.",
        "CALLBACK": "The callback of its target, which has accepted the work.",
        "COMPUTE": "A free process for its computation.",
        "DEPENDENCY": "The steps that it depends on.",
        "APPROVAL": "The decision of a person.",
        "ACCEPTANCE": "The decision of a person who was not asked, because they do not accept requests from you.",
        "TIME": "A point in time.",
    },
)
