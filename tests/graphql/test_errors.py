"""Errors as clients see them: their code, without internal details."""

from typing import Any

import pytest
import structlog
from graphql import GraphQLError, GraphQLSyntaxError, Source
from pymongo.errors import AutoReconnect

from tocsin.errors import (
    Conflict,
    DatabaseUnavailable,
    Forbidden,
    InvalidInput,
    MultipleInvalid,
    PartialWrite,
    RateLimited,
    StorageLow,
    TokenExpired,
    UserErrorCode,
)
from tocsin.graphql.errors import INTERNAL_MESSAGE, UNAVAILABLE_MESSAGE, mask_error, to_user_errors


def masked(cause: Exception | None, message: str = "m", *, executing: bool = True, path: Any = ("a",)) -> GraphQLError:
    error = GraphQLError(message, original_error=cause, path=path)
    return mask_error(error, executing=executing, request_id="r1")


def test_several_faults_of_an_input_are_shown_with_their_paths() -> None:
    faults = [InvalidInput("no name", "name"), Conflict("stale")]
    shown = to_user_errors(MultipleInvalid(faults))
    assert [(one.field, one.code, one.message) for one in shown] == [
        (["name"], UserErrorCode.INVALID, "no name"),
        (None, UserErrorCode.CONFLICT, "stale"),
    ]


@pytest.mark.parametrize(("count", "shown"), [(50, 50), (51, 51), (1_234, 51)])
def test_of_many_faults_fifty_are_shown_and_the_others_counted(count: int, shown: int) -> None:
    found = to_user_errors(MultipleInvalid([InvalidInput(str(number)) for number in range(count)]))
    assert len(found) == shown
    if count > 50:
        assert found[-1].message == f"{count - 50:,} more errors are not shown."


@pytest.mark.parametrize(
    ("cause", "extensions"),
    [
        (TokenExpired("x"), {"code": "TOKEN_EXPIRED"}),
        (Forbidden("x"), {"code": "FORBIDDEN"}),
        (RateLimited("x", 1.2), {"code": "RATE_LIMITED", "retryAfter": 2}),
        (StorageLow("x"), {"code": "STORAGE_LOW"}),
        (InvalidInput("x", "filter", "name"), {"code": "BAD_USER_INPUT", "field": ["filter", "name"]}),
        (GraphQLError("x", original_error=Forbidden("x")), {"code": "FORBIDDEN"}),
    ],
)
def test_an_error_of_the_caller_has_its_code(cause: Exception, extensions: dict[str, Any]) -> None:
    with structlog.testing.capture_logs() as lines:
        assert masked(cause).extensions == extensions
    assert lines == []


@pytest.mark.parametrize(
    ("cause", "message"),
    [
        (AutoReconnect("host db-7 went away"), UNAVAILABLE_MESSAGE),
        (DatabaseUnavailable("host db-7 went away"), UNAVAILABLE_MESSAGE),
        (PartialWrite("Send the same input again."), "Send the same input again."),
    ],
)
def test_an_unavailable_database_is_named_without_details(cause: Exception, message: str) -> None:
    with structlog.testing.capture_logs() as lines:
        error = masked(cause)
    assert (error.message, error.extensions) == (message, {"code": "UNAVAILABLE", "requestId": "r1"})
    assert [(line["log_level"], line["request_id"]) for line in lines] == [("warning", "r1")]


@pytest.mark.parametrize("cause", [ZeroDivisionError("secret"), ValueError("secret"), KeyError("secret")])
def test_an_internal_error_is_hidden_and_logged(cause: Exception) -> None:
    with structlog.testing.capture_logs() as lines:
        error = masked(cause, "secret")
    assert (error.message, error.extensions) == (INTERNAL_MESSAGE, {"code": "INTERNAL", "requestId": "r1"})
    assert lines[0]["exc_info"] is cause


@pytest.mark.parametrize(
    ("error", "executing", "code"),
    [
        (GraphQLSyntaxError(Source("{"), 1, "Unexpected <EOF>"), False, "GRAPHQL_PARSE_FAILED"),
        (GraphQLSyntaxError(Source("{"), 1, "Document contains more than 9 tokens."), False, "TOO_COMPLEX"),
        (GraphQLError("Cannot query field"), False, "GRAPHQL_VALIDATION_FAILED"),
        (GraphQLError("Variable $a got an invalid value"), True, "BAD_USER_INPUT"),
        (GraphQLError("x", original_error=ValueError("a scalar")), True, "BAD_USER_INPUT"),
        (GraphQLError("x", extensions={"code": "OWN"}), True, "OWN"),
    ],
)
def test_an_error_of_the_document_has_a_code(error: GraphQLError, executing: bool, code: str) -> None:
    assert (mask_error(error, executing=executing, request_id="r1").extensions or {})["code"] == code


def test_a_long_message_is_cut() -> None:
    assert masked(None, "x" * 500).message == "x" * 500
    assert masked(None, "x" * 501).message == "x" * 500 + "…"
