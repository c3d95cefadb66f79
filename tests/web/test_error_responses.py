"""Error responses: JSON with a code for every status."""

import json
from http import HTTPStatus

import pytest

from tocsin.web.error_responses import RequestRefused, error_body, error_response

NAMED = {
    400: "BAD_USER_INPUT", 401: "UNAUTHENTICATED", 404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 406: "NOT_ACCEPTABLE",
    413: "CONTENT_TOO_LARGE", 414: "URI_TOO_LONG", 415: "UNSUPPORTED_MEDIA_TYPE", 429: "RATE_LIMITED",
    431: "REQUEST_HEADER_FIELDS_TOO_LARGE", 500: "INTERNAL", 503: "UNAVAILABLE",
}  # fmt: skip


@pytest.mark.parametrize(("status", "code"), NAMED.items())
def test_a_status_has_its_code_in_every_version_of_python(status: int, code: str) -> None:
    assert json.loads(error_body(status, "no")) == {"errors": [{"message": "no", "extensions": {"code": code}}]}


@pytest.mark.parametrize("status", [status for status in HTTPStatus if status >= 400])
def test_every_error_status_has_a_code(status: HTTPStatus) -> None:
    (error,) = json.loads(error_body(status, "no"))["errors"]
    assert error["extensions"]["code"].isupper()


def test_a_response_has_its_headers_and_media_type() -> None:
    response = error_response(429, "no", {"Retry-After": "3"}, "application/graphql-response+json")
    assert response.status_code == 429
    assert response.headers["retry-after"] == "3"
    assert response.headers["content-type"] == "application/graphql-response+json"
    assert error_response(400, "no").headers["content-type"] == "application/json"


def test_the_headers_of_a_refusal_are_written_with_hyphens() -> None:
    assert RequestRefused(415, "no", Accept_Encoding="identity").headers == {"Accept-Encoding": "identity"}
