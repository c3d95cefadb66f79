"""The application: which paths are served, and what is answered where none is."""

from unittest.mock import AsyncMock

import pytest
import structlog
from fastapi import FastAPI
from pymongo.errors import AutoReconnect, OperationFailure
from starlette.requests import Request

from tests.graphql.conftest import Api
from tocsin.errors import DatabaseUnavailable
from tocsin.graphql.errors import UNAVAILABLE_MESSAGE
from tocsin.web.app import _handle_database_error
from tocsin.web.graphql_http import StrictGraphQLRouter


@pytest.mark.parametrize("path", ["/nothing", "/graphql/", "/docs", "/openapi.json"])
async def test_a_path_that_is_not_served_names_that_of_the_api(api: Api, path: str) -> None:
    answer = await api.nobody.http.get(path)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["extensions"]["code"]) == (404, "NOT_FOUND")
    assert error["message"] == "Nothing is served at this path. The API is at /graphql."


@pytest.mark.parametrize(
    ("path", "method", "allowed"), [("/live", "POST", "GET, HEAD"), ("/graphql", "DELETE", "GET, POST")]
)
async def test_a_method_that_is_not_allowed_names_those_that_are(
    api: Api, path: str, method: str, allowed: str
) -> None:
    answer = await api.nobody.http.request(method, path)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert error["extensions"]["code"] == "METHOD_NOT_ALLOWED"
    assert error["message"] == f"This path supports only {allowed}."


@pytest.mark.parametrize("error", [AutoReconnect("db-7"), DatabaseUnavailable("db-7")])
async def test_an_unavailable_database_is_503(error: Exception) -> None:
    response = await _handle_database_error(Request({"type": "http"}), error)
    assert response.status_code == 503
    assert UNAVAILABLE_MESSAGE.encode() in bytes(response.body)


async def test_another_error_of_the_database_is_an_internal_one() -> None:
    with pytest.raises(OperationFailure):
        await _handle_database_error(Request({"type": "http"}), OperationFailure("no such index"))


async def test_an_unexpected_error_is_answered_and_logged_without_details(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr(StrictGraphQLRouter, "_services", property(lambda _: fail), raising=False)
    with structlog.testing.capture_logs() as lines:
        answer = await api.nobody.http.post("/graphql", json={"query": "{ a }"})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["extensions"]["code"]) == (500, "INTERNAL")
    assert "secret" not in answer.text
    (line,) = [line for line in lines if line.get("exc_info")]
    assert line["log_level"] == "error"


async def test_an_operation_is_served_without_the_routes_of_fastapi(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FastAPI, "__call__", AsyncMock(side_effect=AssertionError("the routes were asked")))
    assert (await api.nobody.http.post("/graphql", json={"query": "{ __typename }"})).json()["data"]
    assert (await api.nobody.http.get("/graphql", params={"query": "{ __typename }"})).status_code == 500
