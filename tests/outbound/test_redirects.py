import datetime
from collections.abc import AsyncIterator

import pytest

from tests.outbound.servers import (
    answering,
    get,
    kind,
    open_door,
    response,
)
from tocsin.outbound.failures import ErrorKind
from tocsin.outbound.http import HttpDoor, HttpRequest


@pytest.fixture
async def door() -> AsyncIterator[HttpDoor]:
    async with open_door() as opened:
        yield opened


async def test_redirects_are_followed_and_counted(door: HttpDoor) -> None:
    answers = [
        response("302 Found", b"moved", "Location: /next?q=1"),
        response("301 Moved", b"", "Location: last"),
    ]
    async with answering(*answers, response(body=b"there")) as server:
        exchange = await door.request(get(server.url))
    assert (exchange.status, exchange.body, exchange.redirects) == (200, "there", 2)
    assert [seen.split(b" ")[1] for seen in server.seen] == [b"/", b"/next?q=1", b"/last"]


async def test_a_redirect_loop_ends() -> None:
    async with (
        answering(response("307 Again", b"", "Location: /")) as server,
        open_door(max_redirects=3) as door,
    ):
        exchange = await door.request(get(server.url))
    assert kind(exchange) is ErrorKind.TOO_MANY_REDIRECTS
    assert (exchange.status, exchange.redirects, len(server.seen)) == (307, 3, 4)


async def test_with_no_redirects_allowed_the_redirect_is_the_answer() -> None:
    async with (
        answering(response("302 Found", b"moved", "Location: /")) as server,
        open_door(max_redirects=0) as door,
    ):
        exchange = await door.request(get(server.url))
    assert (exchange.failure, exchange.status, exchange.body) == (None, 302, "moved")


@pytest.mark.parametrize(
    ("status", "sent", "followed"),
    [
        (301, "POST", "GET"), (302, "POST", "GET"), (303, "POST", "GET"), (303, "PUT", "GET"), (303, "HEAD", "HEAD"),
        (302, "PUT", "PUT"), (307, "POST", "POST"), (308, "PATCH", "PATCH"),
    ],
)  # fmt: skip
async def test_method_and_body_follow_the_rules(door: HttpDoor, status: int, sent: str, followed: str) -> None:
    redirect = response(f"{status} Away", b"", "Location: /next")
    headers = [("Content-Type", "text/plain"), ("X-Mine", "1")]
    async with answering(redirect, response()) as server:
        await door.request(HttpRequest(sent, server.url, 5.0, headers, b"body"))
    second = server.seen[1]
    assert second.startswith(followed.encode() + b" /next ")
    assert b"X-Mine: 1" in second
    assert (second.endswith(b"body"), b"Content-Type" in second) == (
        (True, True) if sent == followed else (False, False)
    )


async def test_secrets_stay_with_their_origin(door: HttpDoor) -> None:
    headers = [("Authorization", "Bearer t0ken"), ("cookie", "a=1"), ("X-Mine", "s3cret"), ("X-Open", "1")]
    async with answering(response()) as other:
        away = response("307 Away", b"", f"Location: {other.url}")
        async with answering(response("307 Here", b"", "Location: /here"), away) as server:
            await door.request(get(server.url, headers=headers, secret_names=frozenset({"x-mine"})))
    for seen in server.seen:
        assert b"t0ken" in seen
        assert b"s3cret" in seen
    assert b"X-Open: 1" in other.seen[0]
    assert not any(word in other.seen[0] for word in (b"t0ken", b"a=1", b"s3cret"))


async def test_a_redirect_cannot_make_us_log_in(door: HttpDoor) -> None:
    async with answering(response("302 Found", b"", "Location: http://user:pw@127.0.0.1:1/")) as server:
        exchange = await door.request(get(server.url, headers=[("Authorization", "Bearer t")]))
    assert kind(exchange) is ErrorKind.CONNECT
    async with answering(response()) as other:
        target = other.url.replace("http://", "http://user:pw@")
        async with answering(response("302 Found", b"", f"Location: {target}")) as server:
            await door.request(get(server.url))
    assert b"authorization" not in other.seen[0].lower()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120), ("0", 0), ("soon", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("9" * 50, 999_999_999)],
)
async def test_retry_after_is_understood(door: HttpDoor, value: str, seconds: int | None) -> None:
    async with answering(response("429 Slow", b"", f"Retry-After: {value}")) as server:
        exchange = await door.request(get(server.url))
    assert exchange.retry_after == (None if seconds is None else datetime.timedelta(seconds=seconds))
