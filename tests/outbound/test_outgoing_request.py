"""What is sent: explicit headers only, and no body that could become another request."""

import contextlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from tests.outbound.servers import (
    Reader,
    Server,
    Writer,
    answering,
    get,
    open_shared_client,
    response,
    talking,
)
from tocsin.outbound.exchanges import HttpRequest
from tocsin.outbound.http_client import HttpClient
from tocsin.outbound.outgoing_request import PRODUCT, Destination, complete_headers, serialize_request

OK = response(body=b"ok")


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    async with open_shared_client() as opened:
        yield opened


@contextlib.asynccontextmanager
async def ignoring_bodies() -> AsyncIterator[Server]:
    """Run a server that reads the bytes after a head as the next request, even if the head announces a body."""
    seen: list[bytes] = []

    async def talk(reader: Reader, writer: Writer) -> None:
        while True:
            seen.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(OK)
            await writer.drain()

    async with talking(talk) as server:
        server.seen = seen
        yield server


SMUGGLED = b"GET /stolen HTTP/1.1\r\nHost: a\r\nX-Rest: "


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_body_that_a_server_ignores_is_never_the_beginning_of_anothers_request(
    client: HttpClient, method: str
) -> None:
    async with ignoring_bodies() as server:
        await client.request(HttpRequest(method, server.url, 5.0, (), SMUGGLED), "mallory")
        exchange = await client.request(get(server.url, headers=[("Authorization", "Bearer mine")]), "alice")
    assert exchange.status == 200
    theirs = next(seen for seen in server.seen if b"Bearer mine" in seen)
    assert theirs.startswith(b"GET / HTTP/1.1\r\n")
    assert server.connections == 2


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE", "TRACE", "REPORT"])
async def test_a_connection_is_closed_after_a_body_that_servers_may_ignore(client: HttpClient, method: str) -> None:
    async with ignoring_bodies() as server:
        for body in (SMUGGLED, None):
            await client.request(HttpRequest(method, server.url, 5.0, (), body), "alice")
    assert server.connections == 2
    assert b"\r\nConnection: close\r\n" in server.seen[0]
    assert b"\r\nConnection:" not in server.seen[-1]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_a_body_that_belongs_to_its_method_closes_nothing(client: HttpClient, method: str) -> None:
    async with answering(OK) as server:
        for _ in range(2):
            await client.request(HttpRequest(method, server.url, 5.0, (), b"a body"), "alice")
    assert server.connections == 1


async def test_the_user_agent_names_the_contact_even_if_the_user_sets_one() -> None:
    async with answering(response()) as server, open_shared_client(contact="https://a.example/tocsin") as client:
        await client.request(get(server.url), "alice")
        await client.request(get(server.url, headers=[("user-agent", "mine/1")]), "alice")
    ours = f"{PRODUCT} (+https://a.example/tocsin)".encode()
    assert b"\r\nUser-Agent: " + ours + b"\r\n" in server.seen[0]
    assert b"\r\nuser-agent: mine/1 " + ours + b"\r\n" in server.seen[1]


AIM = URL("https://api.example/a")
NAMES = st.sampled_from(["accept", "User-Agent", "X-A", "x-b", "Content-Type", "ACCEPT-ENCODING"])


@given(
    st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]),
    st.lists(st.tuples(NAMES, st.just("v")), max_size=4, unique_by=lambda header: header[0].lower()),
    st.none() | st.binary(max_size=5),
)
def test_the_users_headers_stay_as_they_are_and_none_is_sent_twice(
    method: str, headers: list[tuple[str, str]], body: bytes | None
) -> None:
    sent = complete_headers(method, AIM, headers, body)
    names = [name.lower() for name, _ in sent]
    assert sent[0] == ("Host", "api.example")
    assert sent[1 : 1 + len(headers)] == headers
    assert len(set(names)) == len(names)
    assert {"host", "user-agent", "accept", "accept-encoding"} <= set(names)
    assert dict(sent).get("Content-Length") == (
        str(len(body or b"")) if body is not None or method in {"POST", "PUT", "PATCH"} else None
    )
    assert ("Connection" in dict(sent)) is bool(body and method in {"GET", "DELETE", "HEAD"})


@pytest.mark.parametrize(
    ("url", "host"),
    [("http://a.example:80/", "a.example"), ("http://a.example:81/", "a.example:81"), ("http://[::1]/", "[::1]")],
)
def test_the_host_has_a_port_unless_it_is_the_standard_one(url: str, host: str) -> None:
    assert complete_headers("GET", URL(url), (), None)[0] == ("Host", host)


def test_a_request_is_its_line_its_headers_and_its_body() -> None:
    url, headers = URL("https://a.example/b%20c?d=e#f"), [("Host", "a.example"), ("X-A", "\u00fc\t1")]
    whole = b"PUT /b%20c?d=e HTTP/1.1\r\nHost: a.example\r\nX-A: \xc3\xbc\t1\r\n\r\n\r\nbody"
    assert serialize_request("PUT", url, headers, b"\r\nbody") == whole
    assert serialize_request("PUT", url, headers, None) == whole.removesuffix(b"\r\nbody")


@pytest.mark.parametrize("bad", ["\r", "\n", "\x00", "\x0b", "\x1f", "\x7f"])
@pytest.mark.parametrize("part", [0, 1, 2])
def test_no_part_of_a_head_can_end_its_line(bad: str, part: int) -> None:
    method, name, value = ("a" + (bad if part == position else "") for position in range(3))
    with pytest.raises(ValueError, match="control"):
        serialize_request(method, AIM, [(name, value)], None)


def test_a_connection_belongs_to_an_origin_and_an_owner() -> None:
    urls = ["http://a.example/x", "https://a.example/", "http://b.example/", "http://a.example:81/"]
    keys = [Destination(URL(url), owner).connection_key for url in urls for owner in ("alice", "bob")]
    assert len(set(keys)) == len(keys)
    assert keys[0] == Destination(URL("http://a.example:80/y"), "alice").connection_key
