"""Forms as browsers and mail programs post them, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from tocsin.web.error_responses import RequestRefused
from tocsin.web.forms import read_form

URLENCODED = "application/x-www-form-urlencoded"
PARTS = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'


def posted(content_type: str | None, *chunks: bytes, length: int | None = None) -> Request:
    headers = [(b"content-type", content_type.encode("latin-1"))] if content_type is not None else []
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    waiting = list(chunks) or [b""]

    async def receive() -> dict[str, object]:
        chunk = waiting.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

    return Request({"type": "http", "method": "POST", "headers": headers, "path": "/"}, receive)


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        (URLENCODED, b"List-Unsubscribe=One-Click", {"List-Unsubscribe": "One-Click"}),
        (f"{URLENCODED}; charset=utf-8", b"a=1&a=2&b=", {"a": "1", "b": ""}),
        (URLENCODED, b"", {}),
        (URLENCODED, b"%C3%BC=%FF&x", {"ü": "\ufffd", "x": ""}),
        ("multipart/form-data; boundary=x", PARTS, {"List-Unsubscribe": "One-Click"}),
        ('multipart/form-data; boundary="x"', PARTS, {"List-Unsubscribe": "One-Click"}),
        ("multipart/form-data", PARTS, {}),
        ("multipart/form-data; boundary=y", PARTS, {}),
        ("multipart/form-data; boundary=x", PARTS[:60], {"List-Unsubscribe": ""}),
    ],
)
async def test_the_fields_of_a_form(content_type: str, body: bytes, expected: dict[str, str]) -> None:
    assert await read_form(posted(content_type, body)) == expected
    assert await read_form(posted(content_type, body[:5], body[5:])) == expected


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/json", "é", ";", "multipart/mixed"])
async def test_another_type_is_refused_with_those_that_are_read(content_type: str | None) -> None:
    with pytest.raises(RequestRefused) as refused:
        await read_form(posted(content_type, b"List-Unsubscribe=One-Click"))
    assert (refused.value.status_code, "multipart/form-data" in refused.value.reason) == (415, True)


@pytest.mark.parametrize("length", [None, 5_000])
async def test_a_long_form_is_refused(length: int | None) -> None:
    with pytest.raises(RequestRefused) as refused:
        await read_form(posted(URLENCODED, b"a=" + b"x" * 3_000, b"x" * 3_000, length=length))
    assert refused.value.status_code == 413


async def test_a_form_of_many_fields_is_refused() -> None:
    with pytest.raises(RequestRefused) as refused:
        await read_form(posted(URLENCODED, b"&".join(b"a%d=1" % number for number in range(100))))
    assert refused.value.status_code == 400


@given(st.sampled_from([URLENCODED, "multipart/form-data; boundary=x"]), st.binary(max_size=300))
async def test_any_bytes_are_read(content_type: str, body: bytes) -> None:
    fields = await read_form(posted(content_type, body.replace(b"&", b"")))
    assert all(isinstance(text, str) for pair in fields.items() for text in pair)


async def test_a_client_that_leaves_is_no_error_of_ours() -> None:
    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    headers = [(b"content-type", URLENCODED.encode())]
    with pytest.raises(RequestRefused, match="closed before the form was complete"):
        await read_form(Request({"type": "http", "method": "POST", "headers": headers, "path": "/"}, receive))
