"""Faults, as the API tells of them: `userErrors` in mutations, coded top-level errors for the rest."""

import math
from collections.abc import Awaitable
from typing import TypeVar

import strawberry
from graphql import GraphQLError, GraphQLSyntaxError

from tocsin import errors, telemetry
from tocsin.documents import is_unavailable
from tocsin.errors import Forbidden, PartlyDone, RateLimited, StorageLow, Unauthenticated, UserErrorCode

T = TypeVar("T")
UNAVAILABLE = (
    "The database does not answer at the moment; try again in a few seconds. A change may have been made just before "
    "it stopped: with an idempotencyKey it is made once, however often it is sent."
)
INTERNAL = "Something went wrong inside Tocsin. The operator finds it in the log by the requestId."
_LONGEST = 500
"""Characters: graphql-core's messages print the faulty value, however long it is."""
_MOST_PLACES = 10
_MOST_FAULTS = 50
log = telemetry.logger(__name__)


@strawberry.type(description="What was wrong with the input of a mutation.")
class UserError:
    field: list[str] | None = strawberry.field(
        description="The path to the faulty place in `input`; null when no single field is at fault."
    )
    code: UserErrorCode = strawberry.field(description="The kind of fault, for programs.")
    message: str = strawberry.field(description="What was wrong and what would be right, for people.")


async def caught(work: Awaitable[T]) -> tuple[T | None, list[UserError]]:
    """Return what `work` returns, and the expected faults that it raises as user errors."""
    try:
        return await work, []
    except errors.UserError as error:
        return None, shown_all(error)


def shown_all(error: errors.UserError) -> list[UserError]:
    """All faults that were found together, as they are answered: no more than anyone reads."""
    shown_faults = [shown(fault) for fault in error.all[:_MOST_FAULTS]]
    if (more := len(error.all) - _MOST_FAULTS) > 0:
        shown_faults.append(UserError(field=None, code=error.code, message=f"And {more:,} more faults."))
    return shown_faults


def shown(error: errors.UserError) -> UserError:
    """An expected fault as it is answered."""
    return UserError(field=list(error.path) or None, code=error.code, message=error.message)


def coded(error: GraphQLError, *, executing: bool, request_id: str) -> GraphQLError:
    """The error as the caller may see it: always with `extensions.code`, never with what is inside Tocsin."""
    if error.extensions and "code" in error.extensions:
        return error
    cause = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    if cause is None or (isinstance(cause, ValueError) and error.path is None):
        return with_code(error, _code_of_document_fault(error, executing=executing))
    return _told(error, cause, request_id)


def with_code(error: GraphQLError, code: str, message: str | None = None, **extensions: object) -> GraphQLError:
    """The same error with a code, and another message if one is given."""
    text = message or error.message
    return GraphQLError(
        text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…",
        nodes=(error.nodes or ())[:_MOST_PLACES],
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions={"code": code, **extensions},
    )


def _code_of_document_fault(error: GraphQLError, *, executing: bool) -> str:
    if isinstance(error, GraphQLSyntaxError):
        return "TOO_COMPLEX" if "tokens" in error.message else "GRAPHQL_PARSE_FAILED"
    return "BAD_USER_INPUT" if executing else "GRAPHQL_VALIDATION_FAILED"


def _told(error: GraphQLError, cause: BaseException, request_id: str) -> GraphQLError:
    if isinstance(cause, Unauthenticated):
        return with_code(error, cause.code)
    if isinstance(cause, Forbidden):
        return with_code(error, "FORBIDDEN")
    if isinstance(cause, RateLimited):
        return with_code(error, "RATE_LIMITED", retryAfter=math.ceil(cause.retry_after))
    if isinstance(cause, StorageLow):
        return with_code(error, "STORAGE_LOW")
    if isinstance(cause, errors.UserError):
        return with_code(error, "BAD_USER_INPUT", cause.message, field=list(cause.path))
    if is_unavailable(cause):
        log.warning("answered that the database is away", error=str(cause)[:300], request_id=request_id)
        message = str(cause) if isinstance(cause, PartlyDone) else UNAVAILABLE
        return with_code(error, "UNAVAILABLE", message, requestId=request_id)
    log.error("a resolver failed", path=error.path, request_id=request_id, exc_info=cause)
    return with_code(error, "INTERNAL", INTERNAL, requestId=request_id)
