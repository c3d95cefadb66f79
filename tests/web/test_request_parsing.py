"""Reading of an operation from a request, without a server."""

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymongo.errors import AutoReconnect
from starlette.requests import Request

from tocsin.errors import TokenInvalid
from tocsin.web.error_responses import RequestRefused
from tocsin.web.request_parsing import ANONYMOUS_BODY_LIMIT, LimitedRequest, decode_json, read_operation

LIMIT = 100_000
JSON = {"content-type": "application/json"}
QUERY = {"query": "{ a }"}


class Caller:
    """The part of a context that says who calls. `answer` is an identity, None, or an error to raise."""

    def __init__(self, answer: object = None) -> None:
        self._answer = answer

    async def authenticate(self) -> object:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def request(body: bytes | list[bytes] = b"", query: str = "", method: str = "POST", **headers: str) -> Request:
    parts = [body] if isinstance(body, bytes) else body
    messages: AsyncIterator[dict[str, Any]] = _messages(parts)
    sent = {name.replace("_", "-"): value for name, value in headers.items()} or JSON
    scope = {
        "type": "http",
        "method": method,
        "path": "/graphql",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
    }
    return Request(scope, lambda: anext(messages))


async def _messages(parts: list[bytes]) -> AsyncIterator[dict[str, Any]]:
    for number, part in enumerate(parts, 1):
        yield {"type": "http.request", "body": part, "more_body": number < len(parts)}


async def read(found: Request, caller: object = None) -> Any:
    context: Any = Caller(caller)
    return await read_operation(found, context, LIMIT)


async def refusal(found: Request, caller: object = None) -> tuple[int, str]:
    with pytest.raises(RequestRefused) as caught:
        await read(found, caller)
    return caught.value.status_code, caught.value.reason


async def test_all_members_of_a_body_are_read() -> None:
    sent = {"query": "{ a }", "variables": {"n": 1}, "operationName": "A", "extensions": {"x": []}}
    found = await read(request(json.dumps(sent).encode()))
    assert (found.query, found.variables, found.operation_name, found.extensions) == tuple(sent.values())


async def test_optional_members_may_be_null_or_absent() -> None:
    for sent in (QUERY, {**QUERY, "variables": None, "operationName": None, "extensions": None, "unknown": 1}):
        found = await read(request(json.dumps(sent).encode()))
        assert (found.variables, found.operation_name, found.extensions) == (None, None, None)


async def test_the_members_in_a_url_are_those_of_a_body() -> None:
    query = urlencode({"query": "{ a }", "variables": '{"n": 1}', "operationName": "", "extensions": ""})
    found = await read(request(query=query, method="GET"))
    assert (found.query, found.variables, found.operation_name, found.extensions) == ("{ a }", {"n": 1}, None, None)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("query=a&query=b", "The URL has the parameter 'query' more than once."),
        ("query=a&variables=[]", "The JSON must be an object: send one operation at a time."),
        ("query=a&variables=x", "This is not valid JSON"),
        ("variables={}", "The request has no `query`"),
    ],
)
async def test_a_url_that_is_wrong_is_refused(query: str, reason: str) -> None:
    status, message = await refusal(request(query=query, method="GET"))
    assert status == 400
    assert message.startswith(reason)


@pytest.mark.parametrize(
    ("headers", "accept"),
    [
        ({"content_type": "text/plain"}, "application/json"),
        ({"content_type": "application/json; charset=latin-1"}, "application/json"),
        ({"content_type": "application/json", "content_encoding": "gzip"}, None),
    ],
)
async def test_a_body_that_is_no_plain_json_is_refused(headers: dict[str, str], accept: str | None) -> None:
    with pytest.raises(RequestRefused) as caught:
        await read(request(b"{}", **headers))
    assert caught.value.status_code == 415
    assert caught.value.headers.get("Accept") == accept
    assert caught.value.headers.get("Accept-Encoding") == (None if accept else "identity")


async def test_the_charset_may_be_quoted() -> None:
    assert (await read(request(json.dumps(QUERY).encode(), content_type='application/json; charset="UTF-8"'))).query


@pytest.mark.parametrize("parts", [1, 3])
async def test_a_body_may_be_as_long_as_the_limit_and_no_longer(parts: int) -> None:
    for size in (LIMIT, LIMIT + 1):
        body = b"x" * size
        chunks = [body[start : start + size // parts + 1] for start in range(0, size, size // parts + 1)]
        limited = LimitedRequest(request(chunks), LIMIT)
        if size <= LIMIT:
            assert await limited.get_body() == body
        else:
            with pytest.raises(RequestRefused) as caught:
                await limited.get_body()
            assert caught.value.status_code == 413


async def test_a_body_that_is_declared_too_long_is_not_read() -> None:
    unread = request([], content_type="application/json", content_length=str(LIMIT + 1))
    assert (await refusal(unread))[0] == 413


@pytest.mark.parametrize("declared", ["-1", "²", "x", ""])
async def test_a_declared_length_that_is_no_number_is_ignored(declared: str) -> None:
    found = request(b"abc")
    found.scope["headers"].append((b"content-length", declared.encode("latin-1")))
    assert await LimitedRequest(found, 3).get_body() == b"abc"


@pytest.mark.parametrize(
    ("caller", "accepted"),
    [(None, False), (TokenInvalid("x"), False), (AutoReconnect("x"), True), ("alice", True)],
)
async def test_an_anonymous_caller_cannot_send_a_long_body(caller: object, accepted: bool) -> None:
    body = json.dumps({"query": "#".ljust(ANONYMOUS_BODY_LIMIT, "x")}).encode()
    if accepted:
        assert (await read(request(body), caller)).query.startswith("#")
    else:
        status, message = await refusal(request(body), caller)
        assert (status, str(ANONYMOUS_BODY_LIMIT) in message) == (413, True)


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"{", b"NaN", b'{"query": "a", "query": NaN}', b"[" * 1000, b"1" * 9000]
)
async def test_what_is_no_json_is_refused(body: bytes) -> None:
    status, message = await refusal(request(body))
    assert status == 400
    assert message.startswith("This is not valid JSON")


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), st.lists, max_leaves=8))
def test_any_json_is_decoded_within_the_limit(value: Any) -> None:
    text = json.dumps(value)
    assert decode_json(text, len(text)) == value
    assert decode_json(text.encode(), len(text)) == value
    with pytest.raises(json.JSONDecodeError):
        decode_json(text, len(text) - 1)
