"""Cookies that a target sets with a redirect."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import trustme
from yarl import URL

from tests.jobs.http.test_job import job_context, perform
from tests.outbound.hostile import Answering
from tests.outbound.servers import Server, answering, get, open_client, response
from tests.outbound.test_tls import server_tls, trusting
from tocsin.outbound.cookies import RequestCookies
from tocsin.outbound.http_client import OwnerHttpClient
from tocsin.outbound.redirects import Hop


@pytest.fixture
async def client() -> AsyncIterator[OwnerHttpClient]:
    async with open_client(resolver=Answering(["127.0.0.1"])) as opened:
        yield opened


def redirect(location: str, *cookies: str) -> bytes:
    return response("302 Found", b"", f"Location: {location}", *(f"Set-Cookie: {cookie}" for cookie in cookies))


def sent(server: Server, number: int) -> list[str]:
    """Return the Cookie headers of a request that the server received."""
    lines = server.seen[number].split(b"\r\n\r\n")[0].decode().split("\r\n")
    return [line.partition(": ")[2] for line in lines if line.lower().startswith("cookie:")]


async def test_a_cookie_goes_to_the_next_hop_and_is_forgotten_with_the_request(client: OwnerHttpClient) -> None:
    async with answering(redirect("/", "session=s3cret; HttpOnly; SameSite=Lax"), response(body=b"in")) as server:
        exchange = await client.request(get(server.url))
        again = await client.request(get(server.url))
    assert (exchange.body, exchange.redirects, again.body) == ("in", 1, "in")
    assert [sent(server, number) for number in range(3)] == [[], ["session=s3cret"], []]


VALUES = ["a=b", 'a="b c"', "a=", "a=b=c==", "a={b:1},/?@[]", "a=%20b%2F", "a=é"]


@pytest.mark.parametrize("pair", VALUES)
async def test_a_value_goes_back_as_it_came(client: OwnerHttpClient, pair: str) -> None:
    async with answering(redirect("/", f"{pair}; Path=/"), response()) as server:
        await client.request(get(server.url))
    assert sent(server, 1) == [pair]


async def test_cookies_add_up_change_and_end_on_the_way(client: OwnerHttpClient) -> None:
    hops = [
        redirect("/a/b", "one=1", "two=2", "three=3; Max-Age=60"),
        redirect("/a/c", "one=uno", "two=; Max-Age=0; Path=/", "three=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/"),
        response(),
    ]
    async with answering(*hops) as server:
        await client.request(get(server.url))
    assert sent(server, 1) == ["one=1; two=2; three=3"]
    assert sent(server, 2) == ["one=uno; one=1"]  # the longer path first: RFC 6265 section 5.4


@pytest.mark.parametrize(
    ("cookie", "path", "is_sent"),
    [
        ("a=1; Path=/in", "/in", True), ("a=1; Path=/in", "/in/x", True), ("a=1; Path=/in", "/inside", False),
        ("a=1; Path=/other", "/in", False), ("a=1; Secure", "/", False), ("a=1; Max-Age=-1", "/", False),
        ("a=1; Domain=other.example", "/", False), ("a=1; Domain=example", "/", False),
        ("=", "/", False), ("", "/", False),
        ("a=1; Domain=sub.host.example", "/", False), ("a=1; Domain=host.example", "/", True),
        ("a=1; Expires=Fri, 31 Dec 2100 23:59:59 GMT", "/", True), ("a=1; Expires=nonsense", "/", True),
    ],
)  # fmt: skip
async def test_path_secure_domain_and_expiry_hold(
    client: OwnerHttpClient, cookie: str, path: str, is_sent: bool
) -> None:
    async with answering(redirect(path, cookie), response()) as server:
        await client.request(get(f"http://host.example:{server.port}/"))
    assert sent(server, 1) == (["a=1"] if is_sent else [])


async def test_a_secure_cookie_goes_back_over_https() -> None:
    authority = trustme.CA()
    tls = server_tls(authority.issue_cert("host.example"))
    async with (
        answering(redirect("/", "a=1; Secure"), response(), tls=tls) as server,
        open_client(ssl_context=trusting(authority), resolver=Answering(["127.0.0.1"])) as client,
    ):
        await client.request(get(f"https://host.example:{server.port}/"))
    assert sent(server, 1) == ["a=1"]


@pytest.mark.parametrize("other", ["sub.host.example", "other.example", "example", "127.0.0.1"])
async def test_no_other_host_gets_a_cookie_and_the_first_gets_it_again(client: OwnerHttpClient, other: str) -> None:
    async with answering() as server:
        first, second = f"http://host.example:{server.port}/", f"http://{other}:{server.port}/"
        server.answers = (redirect(second, "a=1", "b=2; Domain=host.example"), redirect(first, "c=3"), response())
        await client.request(get(first))
    assert [sent(server, number) for number in range(3)] == [[], [], ["a=1; b=2"]]


async def test_a_cookie_of_the_user_stays_unless_the_server_sets_it_again(client: OwnerHttpClient) -> None:
    hops = [redirect("/", "b=set", "new=1"), redirect("/", "c=; Max-Age=0"), response()]
    async with answering(*hops) as server:
        await client.request(get(server.url, headers=[("cookie", "a=1; b=2;c=3; odd")]))
    assert sent(server, 0) == ["a=1; b=2;c=3; odd"]
    assert sent(server, 1) == ["a=1; c=3; odd; b=set; new=1"]
    assert sent(server, 2) == ["a=1; odd; b=set; new=1"]


async def test_a_cookie_of_the_user_does_not_follow_to_another_host(client: OwnerHttpClient) -> None:
    async with answering() as server:
        server.answers = (redirect(f"http://other.example:{server.port}/", "a=1"), redirect("/", "b=2"), response())
        await client.request(get(server.url, headers=[("Cookie", "mine=s3cret")]))
    assert [sent(server, number) for number in range(3)] == [["mine=s3cret"], [], ["b=2"]]


async def test_what_was_set_is_not_recorded_even_if_it_is_echoed() -> None:
    token, choice = "0123456789abcdef", "true"
    hops = [
        redirect("/", f"session={token}", f"dark={choice}"),
        response(body=f'{{"is": true, "t": "{token}"}}'.encode()),
    ]
    async with answering(*hops) as server, open_client() as client:
        outcome = await perform(replace(job_context(client), is_step=True), url=server.url)
    assert sent(server, 1) == [f"session={token}; dark={choice}"]
    assert outcome.response_body == '{"is": true, "t": "***"}'
    assert token not in repr(outcome)


async def test_bytes_that_are_no_text_do_not_break_the_request(client: OwnerHttpClient) -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: /\r\nSet-Cookie: a=\xe9\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n"
    async with answering(moved, response(body=b"in")) as server:
        exchange = await client.request(get(server.url))
    assert exchange.body == "in"
    assert sent(server, 1) == ["b=2"]


@pytest.mark.parametrize("pair", ["a=b\x01c", "a\x02=b", "a=\x7f"])
async def test_a_cookie_with_a_control_character_is_left_out(client: OwnerHttpClient, pair: str) -> None:
    async with answering(redirect("/", pair, "kept=1"), response(body=b"in")) as server:
        exchange = await client.request(get(server.url))
    assert (exchange.failure, exchange.body, sent(server, 1)) == (None, "in", ["kept=1"])


def test_many_cookies_are_kept_apart_by_host() -> None:
    cookies = RequestCookies()
    urls = [URL(f"http://{host}/") for host in ("a.example", "b.example", "[::1]", "127.0.0.1", "localhost")]
    for number, url in enumerate(urls):
        cookies.store(url, [f"n={number}"])
    assert [cookies.headers_for(Hop("GET", url, (), None)) for url in urls] == [
        [("Cookie", f"n={number}")] for number in range(len(urls))
    ]


async def test_what_is_longer_than_a_cookie_may_be_is_left_out_and_costs_nothing_else(client: OwnerHttpClient) -> None:
    cookies = ["long=" + "v" * 5_000, "dates=1; Expires=1-Jan-" + "9" * 5_000, "parts=1" + ";" * 5_000, "good=1"]
    async with answering(redirect("/", *cookies), response()) as server:
        await client.request(get(server.url))
    assert sent(server, 1) == ["good=1"]


async def test_a_host_sets_so_many_cookies_and_may_change_them(client: OwnerHttpClient) -> None:
    first = [f"c{number}=1" for number in range(60)]
    async with answering(redirect("/", *first), redirect("/", "c0=2", "late=1"), response()) as server:
        await client.request(get(server.url))
    assert sent(server, 1) == ["; ".join(first[:50])]
    assert sorted(sent(server, 2)[0].split("; ")) == sorted(["c0=2", *first[1:50]])


async def test_many_hosts_set_so_many_cookies_together() -> None:
    cookies = RequestCookies()
    for number in range(3):
        cookies.store(URL(f"http://h{number}.example/"), [f"c{one}={'v' * 20}" for one in range(40)])
    kept = [
        len(cookies.headers_for(Hop("GET", URL(f"http://h{number}.example/"), [], None))[0][1].split("; "))
        for number in range(3)
    ]
    assert kept == [40, 40, 20]
