"""Errors as clients see them: `userErrors` of mutations, and top-level errors with a code for the rest."""

import math

import strawberry
from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.schema.exceptions import CannotGetOperationTypeError

from tocsin import errors, telemetry
from tocsin.documents import is_unavailable
from tocsin.errors import Forbidden, PartialWrite, RateLimited, StorageLow, Unauthenticated, UserErrorCode

UNAVAILABLE_MESSAGE = (
    "The database is unavailable; try again in a few seconds. A change that was in progress may have been saved: with "
    "an idempotencyKey it can be sent again and is made only once."
)
INTERNAL_MESSAGE = "An internal error occurred. The operator can find it in the log by its requestId."
_MAX_LENGTH = 500
"""Longest message in characters. graphql-core's messages contain the invalid value, however long it is."""
_MAX_LOCATIONS = 10
_MAX_ERRORS = 50
log = telemetry.get_logger(__name__)


@strawberry.type(description="An error in the input of a mutation.")
class UserError:
    field: list[str] | None = strawberry.field(
        description="Path to the invalid field within `input`; null if no single field is invalid."
    )
    code: UserErrorCode = strawberry.field(description="Machine-readable kind of the error.")
    message: str = strawberry.field(
        description="Human-readable explanation: what is wrong and what would be valid. The wording may change."
    )


def to_user_errors(error: errors.UserError) -> list[UserError]:
    """Return all errors of an exception for the response: the first 50, and a note if there are more."""
    shown_errors = [to_user_error(each) for each in error.all_errors[:_MAX_ERRORS]]
    if (more := len(error.all_errors) - _MAX_ERRORS) > 0:
        shown_errors.append(UserError(field=None, code=error.code, message=f"{more:,} more errors are not shown."))
    return shown_errors


def to_user_error(error: errors.UserError) -> UserError:
    """Return an exception as a user error of the response."""
    return UserError(field=list(error.path) or None, code=error.code, message=error.message)


def mask_error(error: GraphQLError, *, executing: bool, request_id: str) -> GraphQLError:
    """Return the error for the response: with `extensions.code`, and without internal details."""
    if error.extensions and "code" in error.extensions:
        return error
    cause = original_cause(error)
    if cause is None or (isinstance(cause, ValueError) and error.path is None):
        return with_code(error, _code_of_document_error(error, executing=executing))
    return _mask_cause(error, cause, request_id)


def original_cause(error: GraphQLError) -> BaseException | None:
    """Return the exception that an error was made of; None for an error of the document."""
    cause: BaseException | None = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause


def with_code(error: GraphQLError, code: str, message: str | None = None, **extensions: object) -> GraphQLError:
    """Return a copy of the error with this code, and this message if one is given."""
    text = message or error.message
    return GraphQLError(
        text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}…",
        nodes=(error.nodes or ())[:_MAX_LOCATIONS],
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions={"code": code, **extensions},
    )


def _code_of_document_error(error: GraphQLError, *, executing: bool) -> str:
    if isinstance(error, GraphQLSyntaxError):
        return "TOO_COMPLEX" if "tokens" in error.message else "GRAPHQL_PARSE_FAILED"
    return "BAD_USER_INPUT" if executing else "GRAPHQL_VALIDATION_FAILED"


def _mask_cause(error: GraphQLError, cause: BaseException, request_id: str) -> GraphQLError:
    if isinstance(cause, Unauthenticated):
        return with_code(error, cause.code)
    if isinstance(cause, Forbidden):
        return with_code(error, "FORBIDDEN")
    if isinstance(cause, RateLimited):
        return with_code(error, "RATE_LIMITED", retryAfter=math.ceil(cause.retry_after))
    if isinstance(cause, StorageLow):
        return with_code(error, "STORAGE_LOW")
    if isinstance(cause, CannotGetOperationTypeError):
        return with_code(error, "BAD_USER_INPUT")
    if isinstance(cause, errors.UserError):
        return with_code(error, "BAD_USER_INPUT", cause.message, field=list(cause.path))
    if is_unavailable(cause):
        log.warning("the database is unavailable", error=str(cause)[:300], request_id=request_id)
        message = str(cause) if isinstance(cause, PartialWrite) else UNAVAILABLE_MESSAGE
        return with_code(error, "UNAVAILABLE", message, requestId=request_id)
    log.error("resolver failed", path=error.path, request_id=request_id, exc_info=cause)
    return with_code(error, "INTERNAL", INTERNAL_MESSAGE, requestId=request_id)
