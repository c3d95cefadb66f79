"""What later steps of a workflow see of a response."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.jobs.http.test_job import job_context, perform
from tests.outbound.servers import answering, open_client, response
from tocsin.documents import ErrorKind
from tocsin.jobs.base import AttemptError, JobContext, Outcome
from tocsin.jobs.http.result import combine_headers, make_step_result, make_step_result_text


@pytest.fixture
async def context() -> AsyncIterator[JobContext]:
    async with open_client() as client:
        yield job_context(client)


SENT_TWICE: list[tuple[list[str], dict[str, Any]]] = [
    (["Link: <a>; rel=next", "link: <b>; rel=prev"], {"link": "<a>; rel=next, <b>; rel=prev"}),
    (["X-A: 1", "X-B: 2", "X-A:", "x-a: 3"], {"x-a": "1, , 3", "x-b": "2"}),
    (["Set-Cookie: a=1", "set-cookie: b=2"], {"set-cookie": ["***", "***"]}),
    (["Set-Cookie: a=1"], {"set-cookie": ["***"]}),
]


@pytest.mark.parametrize(("sent", "seen"), SENT_TWICE)
async def test_a_step_sees_headers_that_were_sent_twice_as_one_list(
    context: JobContext, sent: list[str], seen: dict[str, Any]
) -> None:
    async with answering(response("200 OK", b"", *sent)) as server:
        outcome = await perform(replace(context, is_step=True), url=server.url)
    assert outcome.result["headers"] == seen | {"content-length": "0"}


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        (["Content-Type: text/plain", "Content-Type: application/json"], {"a": "\u00e9"}),
        (["Content-Type: application/json", "Content-Type: text/plain"], '{"a":"\u00e9"}'),
        (["Content-Type: application/json; charset=latin-1", "Content-Type: application/json"], {"a": "\u00e9"}),
        (["Content-Type: text/json"], {"a": "\u00e9"}),
    ],
)
async def test_of_several_content_types_the_last_counts(context: JobContext, sent: list[str], body: Any) -> None:
    async with answering(response("200 OK", '{"a":"\u00e9"}'.encode(), *sent)) as server:
        outcome = await perform(replace(context, is_step=True), url=server.url)
    assert outcome.result["body"] == body


def outcome(body: str | None, *content_types: str) -> Outcome:
    return Outcome(
        status_code=200, response_headers=[("Content-Type", each) for each in content_types], response_body=body
    )


@pytest.mark.parametrize(
    ("body", "content_type", "seen"),
    [
        ("[1]", "application/json", [1]),
        ("[1]", " Application/Problem+JSON ; charset=utf-8", [1]),
        ("[1]", "text/json", [1]),
        ("[1]", "text/plain", "[1]"),
        ("[1]", "application/jsonl", "[1]"),
        ("[1", "application/json", "[1"),
        ("NaN", "application/json", "NaN"),
        ("[" * 500 + "]" * 500, "application/json", "[" * 500 + "]" * 500),
        ("", "application/json", ""),
        (None, "application/json", None),
    ],
)
def test_a_body_is_a_value_if_it_is_json_by_its_type_and_in_fact(
    body: str | None, content_type: str, seen: Any
) -> None:
    result = make_step_result(outcome(body, content_type))
    assert result is not None
    assert result["body"] == seen


def test_a_call_that_failed_has_no_result() -> None:
    failed = replace(outcome("[1]", "application/json"), error=AttemptError(ErrorKind.HTTP_STATUS, "It failed."))
    assert make_step_result(failed) is None


def test_the_result_as_text_is_the_same_value() -> None:
    headers = [("Content-Type", "application/json"), ("Set-Cookie", "***")]
    text = make_step_result_text(201, headers, '{"a":[1,"\u00e9"]}', True)
    assert json.loads(text) == {
        "statusCode": 201,
        "headers": {"content-type": "application/json", "set-cookie": ["***"]},
        "body": {"a": [1, "\u00e9"]},
        "truncated": True,
    }


def test_repeated_headers_are_joined_in_their_order() -> None:
    assert combine_headers([("A", "1"), ("b", ""), ("a", "2"), ("SET-COOKIE", "x"), ("A", "")]) == {
        "a": "1, 2, ",
        "b": "",
        "set-cookie": ["x"],
    }
