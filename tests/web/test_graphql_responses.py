"""The HTTP body, status and headers for the result of an operation."""

from typing import Any

import pytest
from graphql import GraphQLError
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from tocsin.web.graphql_responses import response_body, response_headers, response_status
from tocsin.web.negotiation import LEGACY_MEDIA_TYPE, MODERN_MEDIA_TYPE


def error(code: str, path: list[str | int] | None = None, **more: Any) -> GraphQLError:
    return GraphQLError("no", path=path, extensions={"code": code, **more})


def result(data: Any, *errors: GraphQLError) -> ExecutionResult:
    return ExecutionResult(data=data, errors=list(errors) or None)


STATUSES = [
    (result({"a": 1}), 200, 200),
    (result({"a": None}, error("FORBIDDEN", ["a"])), 200, 200),
    (result(None, error("UNAUTHENTICATED", ["a"])), 200, 200),
    (result({"a": None}, error("RATE_LIMITED", ["a"], retryAfter=3)), 200, 200),
    (result(None, error("GRAPHQL_PARSE_FAILED")), 400, 200),
    (result(None, error("GRAPHQL_VALIDATION_FAILED"), error("GRAPHQL_VALIDATION_FAILED")), 400, 200),
    (result(None, error("BAD_USER_INPUT")), 400, 200),
    (result(None, error("TOO_COMPLEX")), 400, 200),
    (PreExecutionError(data=None, errors=[error("RATE_LIMITED", retryAfter=3)]), 429, 429),
    (result(None, error("TIMEOUT")), 503, 503),
    (result(None, error("UNAVAILABLE")), 503, 503),
    (result(None, error("INTERNAL")), 500, 500),
    (result(None, error("INTERNAL"), error("RATE_LIMITED")), 429, 429),
    (result(None, GraphQLError("without a code")), 400, 200),
]


@pytest.mark.parametrize(("found", "modern", "legacy"), STATUSES)
def test_statuses(found: ExecutionResult, modern: int, legacy: int) -> None:
    assert (response_status(found, MODERN_MEDIA_TYPE), response_status(found, LEGACY_MEDIA_TYPE)) == (modern, legacy)


def test_what_was_not_executed_has_no_data() -> None:
    assert "data" not in response_body(result(None, error("BAD_USER_INPUT")))
    assert response_body(result(None, error("UNAUTHENTICATED", ["a"])))["data"] is None
    assert response_body(result({"a": 1})) == {"data": {"a": 1}}


def test_retry_after_is_the_longest_wait() -> None:
    assert response_headers(result({"a": 1})) == {}
    limited = [error("RATE_LIMITED", ["a"], retryAfter=3), error("RATE_LIMITED", ["b"], retryAfter=12)]
    assert response_headers(result({"a": None, "b": None}, *limited)) == {"Retry-After": "12"}
    assert response_headers(result(None, error("RATE_LIMITED"))) == {}
