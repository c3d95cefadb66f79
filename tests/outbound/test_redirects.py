from collections.abc import AsyncIterator

import pytest

from tests.outbound.servers import (
    answering,
    get,
    kind,
    open_client,
    response,
)
from tocsin.documents import ErrorKind
from tocsin.outbound.exchanges import HttpRequest
from tocsin.outbound.http_client import OwnerHttpClient


@pytest.fixture
async def client() -> AsyncIterator[OwnerHttpClient]:
    async with open_client() as opened:
        yield opened


async def test_redirects_are_followed_and_counted(client: OwnerHttpClient) -> None:
    answers = [
        response("302 Found", b"moved", "Location: /next?q=1"),
        response("301 Moved", b"", "Location: last"),
    ]
    async with answering(*answers, response(body=b"there")) as server:
        exchange = await client.request(get(server.url))
    assert (exchange.status, exchange.body, exchange.redirects) == (200, "there", 2)
    assert [seen.split(b" ")[1] for seen in server.seen] == [b"/", b"/next?q=1", b"/last"]


LOCATIONS = [
    (b"/caf\xe9/menu", b"/caf%E9/menu"),
    (b"/caf\xc3\xa9/menu", b"/caf%C3%A9/menu"),
    (b"/a b\tc", b"/a%20bc"),
    (b'/{"a"}?{"<b>"}#c', b"/%7B%22a%22%7D?{%22%3Cb%3E%22}"),
    (b"a?", b"/dir/a?"),
    (b"..\\b/./c", b"/b/c"),
    (b"/signed?X=%2F%2f%20+&Y=a%zz", b"/signed?X=%2F%2f%20+&Y=a%zz"),
    (b"/" + b"x" * 8191, b"/" + b"x" * 8191),
]


@pytest.mark.parametrize(("location", "called"), LOCATIONS, ids=range(len(LOCATIONS)))
async def test_a_location_is_called_as_browsers_call_it(
    client: OwnerHttpClient, location: bytes, called: bytes
) -> None:
    redirect = b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
    async with answering(redirect, response(body=b"there")) as server:
        exchange = await client.request(get(server.url + "dir/page"))
    assert exchange.body == "there"
    assert server.seen[1].split(b" HTTP/1.1\r\n")[0] == b"GET " + called


@pytest.mark.parametrize("location", [b"http://caf\xe9/", b"http://[::1/", b"http://a b/", b"mailto:a@b.example"])
async def test_a_location_that_cannot_be_parsed_is_said_to_be_wrong(client: OwnerHttpClient, location: bytes) -> None:
    redirect = b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
    async with answering(redirect, response()) as server:
        exchange = await client.request(get(server.url))
    assert kind(exchange) is ErrorKind.BAD_URL
    assert (exchange.status, len(server.seen)) == (302, 1)


@pytest.mark.parametrize(("second", "calls"), [("/a", 2), ("/b", 1), ("", 1)])
async def test_several_locations_lead_nowhere_unless_they_are_the_same(
    client: OwnerHttpClient, second: str, calls: int
) -> None:
    redirect = response("302 Found", b"", "Location: /a", f"Location: {second}")
    async with answering(redirect, response()) as server:
        exchange = await client.request(get(server.url))
    assert kind(exchange) is (None if calls == 2 else ErrorKind.PROTOCOL)
    assert len(server.seen) == calls


async def test_a_redirect_loop_ends() -> None:
    async with (
        answering(response("307 Again", b"", "Location: /")) as server,
        open_client(max_redirects=3) as client,
    ):
        exchange = await client.request(get(server.url))
    assert kind(exchange) is ErrorKind.TOO_MANY_REDIRECTS
    assert (exchange.status, exchange.redirects, len(server.seen)) == (307, 3, 4)


async def test_a_request_can_take_the_redirect_as_the_answer(client: OwnerHttpClient) -> None:
    async with answering(response("307 Away", b"moved", "Location: /next"), response()) as server:
        exchange = await client.request(HttpRequest("POST", server.url, 5.0, body=b"x", follows_redirects=False))
    assert exchange.failure is None
    assert (exchange.status, exchange.body, len(server.seen)) == (307, "moved", 1)


async def test_with_no_redirects_allowed_the_redirect_is_the_answer() -> None:
    async with (
        answering(response("302 Found", b"moved", "Location: /")) as server,
        open_client(max_redirects=0) as client,
    ):
        exchange = await client.request(get(server.url))
    assert (exchange.failure, exchange.status, exchange.body) == (None, 302, "moved")


@pytest.mark.parametrize(
    ("status", "sent", "followed"),
    [
        (301, "POST", "GET"), (302, "POST", "GET"), (303, "POST", "GET"), (303, "PUT", "GET"), (303, "HEAD", "HEAD"),
        (302, "PUT", "PUT"), (307, "POST", "POST"), (308, "PATCH", "PATCH"),
    ],
)  # fmt: skip
async def test_method_and_body_follow_the_rules(client: OwnerHttpClient, status: int, sent: str, followed: str) -> None:
    redirect = response(f"{status} Away", b"", "Location: /next")
    headers = [("Content-Type", "text/plain"), ("X-Mine", "1")]
    async with answering(redirect, response()) as server:
        await client.request(HttpRequest(sent, server.url, 5.0, headers, b"body"))
    second = server.seen[1]
    assert second.startswith(followed.encode() + b" /next ")
    assert b"X-Mine: 1" in second
    assert (second.endswith(b"body"), b"Content-Type" in second) == (
        (True, True) if sent == followed else (False, False)
    )


async def test_secrets_stay_with_their_origin(client: OwnerHttpClient) -> None:
    headers = [("Authorization", "Bearer t0ken"), ("cookie", "a=1"), ("X-Mine", "s3cret"), ("X-Open", "1")]
    async with answering(response()) as other:
        away = response("307 Away", b"", f"Location: {other.url}")
        async with answering(response("307 Here", b"", "Location: /here"), away) as server:
            await client.request(get(server.url, headers=headers, secret_names=frozenset({"x-mine"})))
    for seen in server.seen:
        assert b"t0ken" in seen
        assert b"s3cret" in seen
    assert b"X-Open: 1" in other.seen[0]
    assert not any(word in other.seen[0] for word in (b"t0ken", b"a=1", b"s3cret"))


async def test_a_redirect_cannot_make_us_log_in(client: OwnerHttpClient) -> None:
    async with answering(response("302 Found", b"", "Location: http://user:pw@127.0.0.1:1/")) as server:
        exchange = await client.request(get(server.url, headers=[("Authorization", "Bearer t")]))
    assert kind(exchange) is ErrorKind.CONNECT
    async with answering(response()) as other:
        target = other.url.replace("http://", "http://user:pw@")
        async with answering(response("302 Found", b"", f"Location: {target}")) as server:
            await client.request(get(server.url))
    assert b"authorization" not in other.seen[0].lower()
