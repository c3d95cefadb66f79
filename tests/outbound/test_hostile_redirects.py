"""Attacks by a server's redirects, headers and bodies, and by headers of an owner."""

import asyncio
from typing import Any

import pytest
import trustme

from tests.outbound.hostile import Answering, stage
from tests.outbound.servers import Reader, Writer, answering, get, kind, open_client, read_request, response, talking
from tests.outbound.test_tls import server_tls, trusting
from tocsin.documents import ErrorKind
from tocsin.errors import InvalidInput
from tocsin.input_models import parse_params
from tocsin.jobs.http.input import HttpInput, prepare_http_params
from tocsin.outbound.exchanges import HttpRequest
from tocsin.security.secret_box import SecretBox

# --- redirects ---

LOCATIONS = [
    ("http://127.0.0.2:PORT/", ErrorKind.BLOCKED_ADDRESS),
    ("HTTP://LOCALHOST:PORT/", ErrorKind.BLOCKED_ADDRESS),
    ("http://good.example.:PORT/", ErrorKind.BLOCKED_ADDRESS),
    ("https://127.0.0.2:PORT/", ErrorKind.BLOCKED_ADDRESS),
    ("//127.0.0.2:PORT/", ErrorKind.BLOCKED_ADDRESS),
    ("//169.254.169.254/latest/meta-data/", ErrorKind.BLOCKED_ADDRESS),
    ("http://[::1]:PORT/", ErrorKind.BLOCKED_ADDRESS),
    ("http://[::ffff:7f00:2]:PORT/", ErrorKind.BLOCKED_ADDRESS),
    ("http://[64:ff9b::7f00:2]:PORT/", ErrorKind.BLOCKED_ADDRESS),
    ("http://0.0.0.0:PORT/", ErrorKind.BLOCKED_ADDRESS),
    ("http://127。0。0。2:PORT/", ErrorKind.BLOCKED_ADDRESS),
    ("http://①②⑦.⓪.⓪.②:PORT/", ErrorKind.BLOCKED_ADDRESS),
    ("http://user:pw@127.0.0.2:PORT/", ErrorKind.BLOCKED_ADDRESS),
    ("http://good.example@127.0.0.2:PORT/", ErrorKind.BLOCKED_ADDRESS),
    ("http://127.0.0.2:PORT#@good.example/", ErrorKind.BLOCKED_ADDRESS),
    # Read as in browsers: a backslash is a slash, tabs are dropped, spaces are encoded, extra slashes are skipped.
    ("http://127.0.0.2:PORT\\@good.example/", ErrorKind.BLOCKED_ADDRESS),
    ("http://127.0.\t0.2:PORT/", ErrorKind.BLOCKED_ADDRESS),
    ("http://127.0.0.2:PORT/ HTTP/1.1", ErrorKind.BLOCKED_ADDRESS),
    ("\\\\127.0.0.2:PORT\\", ErrorKind.BLOCKED_ADDRESS),
    ("/\\127.0.0.2:PORT/", ErrorKind.BLOCKED_ADDRESS),
    ("///127.0.0.2:PORT/", ErrorKind.BLOCKED_ADDRESS),
    ("http:///127.0.0.2:PORT/", ErrorKind.BLOCKED_ADDRESS),
    ("http:\\\\user@127.0.0.2:PORT/", ErrorKind.BLOCKED_ADDRESS),
    ("https:127.0.0.2:PORT/", ErrorKind.BLOCKED_ADDRESS),
    ("https:0x7f000002:PORT/", ErrorKind.BAD_URL),
    ("\\\\2130706434:PORT/", ErrorKind.BAD_URL),
    ("http://127.0.0.2\u00ad:PORT/", ErrorKind.BAD_URL),
    ("http://127.0.0.2%E3%80%82:PORT/", ErrorKind.BAD_URL),
    ("http://good example:PORT/", ErrorKind.BAD_URL),
    ("http://127.2:PORT/", ErrorKind.BAD_URL),
    ("http://0x7f000002:PORT/", ErrorKind.BAD_URL),
    ("http://017700000002:PORT/", ErrorKind.BAD_URL),
    ("http://2130706434:PORT/", ErrorKind.BAD_URL),
    ("http://127.0.0.2.:PORT/", ErrorKind.BAD_URL),
    ("http://%31%32%37.0.0.2:PORT/", ErrorKind.BAD_URL),
    ("http://[::1%25lo]:PORT/", ErrorKind.BAD_URL),
    ("http://[]@", ErrorKind.BAD_URL),
    ("http://good.example:0/", ErrorKind.BAD_URL),
    ("http://good.example:99999/", ErrorKind.BAD_URL),
    ("file:///etc/passwd", ErrorKind.BAD_URL),
    ("FILE:///etc/passwd", ErrorKind.BAD_URL),
    ("gopher://127.0.0.2:PORT/_x", ErrorKind.BAD_URL),
    ("ftp://127.0.0.2:PORT/", ErrorKind.BAD_URL),
    ("ws://127.0.0.2:PORT/", ErrorKind.BAD_URL),
    ("data:text/plain,x", ErrorKind.BAD_URL),
    ("javascript:alert(1)", ErrorKind.BAD_URL),
    ("unix:///run/docker.sock", ErrorKind.BAD_URL),
    ("http://x/" + "y" * 8192, ErrorKind.BAD_URL),
]


@pytest.mark.parametrize(("location", "expected"), LOCATIONS)
async def test_a_redirect_leads_nowhere_that_may_not_be_called(location: str, expected: ErrorKind) -> None:
    async with stage() as theatre:
        target = location.replace("PORT", str(theatre.public.port))
        theatre.public.answers = (response("307 Away", b"", f"Location: {target}"),)
        exchange = await theatre.call("http://127.0.0.1:PORT/", headers=[("Authorization", "Bearer t")])
        assert theatre.protected.connections == 0
    assert kind(exchange) is expected
    assert len(theatre.public.seen) == 1


SAME_SERVER = [
    "http:127.0.0.2:PORT/", "http://", "//", "", "@127.0.0.2/", "/%0d%0aX-Evil:%201", "?x=%0d%0aX-Evil:1",
]  # fmt: skip


@pytest.mark.parametrize("location", SAME_SERVER)
async def test_what_is_no_other_host_stays_with_the_server(location: str) -> None:
    async with stage() as theatre:
        target = location.replace("PORT", str(theatre.public.port))
        theatre.public.answers = (response("302 Found", b"", f"Location: {target}"), response(body=b"public"))
        exchange = await theatre.call("http://127.0.0.1:PORT/")
        assert theatre.protected.connections == 0
    assert exchange.body == "public" or kind(exchange) is ErrorKind.BAD_URL
    assert not any(b"\r\nx-evil" in seen.lower() for seen in theatre.public.seen)


async def test_secrets_do_not_go_from_https_to_http() -> None:
    authority = trustme.CA()
    async with answering(response(body=b"plain")) as plain:
        away = response("307 Away", b"", f"Location: http://good.example:{plain.port}/")
        tls = server_tls(authority.issue_cert("good.example"))
        async with (
            answering(away, tls=tls) as secure,
            open_client(ssl_context=trusting(authority), resolver=Answering(["127.0.0.1"])) as client,
        ):
            headers = [("Authorization", "Bearer t0ken"), ("Cookie", "c00kie"), ("X-Mine", "s3cret")]
            request = get(f"https://good.example:{secure.port}/", headers=headers, secret_names=frozenset({"x-mine"}))
            exchange = await client.request(request)
    assert exchange.body == "plain"
    assert all(word in secure.seen[0] for word in (b"t0ken", b"c00kie", b"s3cret"))
    assert not any(word in plain.seen[0] for word in (b"t0ken", b"c00kie", b"s3cret"))


async def test_secrets_do_not_come_back_after_a_detour() -> None:
    async with answering(response()) as server, answering(response()) as other:
        server.answers = (response("302 Found", b"", f"Location: {other.url}"), response())
        other.answers = (response("302 Found", b"", f"Location: {server.url}"),)
        async with open_client() as client:
            await client.request(get(server.url, headers=[("Authorization", "Bearer t0ken")]))
    assert [b"t0ken" in seen for seen in (server.seen[0], other.seen[0], server.seen[1])] == [True, False, False]


# --- headers ---

INJECTED = ["a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\rX-Evil: 1", "a\x00b", "a\x0bb", "\r\n\r\nGET /admin HTTP/1.1\r\n"]


@pytest.mark.parametrize("value", INJECTED)
async def test_a_header_cannot_bring_others_with_it(value: str) -> None:
    wrong: list[dict[str, Any]] = [{"headers": {"X-Mine": value}}, {"headers": {value: "1"}}, {"token": value}]
    for fields in wrong:
        with pytest.raises(InvalidInput) as caught:
            prepare_http_params(HttpInput(url="http://127.0.0.1/", **fields), SecretBox(bytes(32)), "alice")
        assert caught.value.path[0] in {"headers", "token"}


@pytest.mark.parametrize("value", [value for value in INJECTED if "\r" in value or "\n" in value])
async def test_a_header_that_got_past_all_that_is_not_sent(value: str) -> None:
    async with answering(response()) as server, open_client() as client:
        with pytest.raises(ValueError, match="header"):
            await client.request(get(server.url, headers=[("X-Mine", value)]))
        assert server.seen == []


@pytest.mark.parametrize(
    "name", ["Host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Expect", "TE"]
)
async def test_headers_that_could_smuggle_a_request_are_tocsins_own(name: str) -> None:
    with pytest.raises(InvalidInput, match="Tocsin sets the header"):
        prepare_http_params(HttpInput(url="http://127.0.0.1/", headers={name: "x"}), SecretBox(bytes(32)), "alice")


@pytest.mark.parametrize("method", ["GET / HTTP/1.1\r\nX:", "CONNECT", "TRACE", "get\n", ""])
async def test_a_method_is_one_of_the_known_ones(method: str) -> None:
    with pytest.raises(InvalidInput, match="The method must be one of"):
        prepare_http_params(
            parse_params(HttpInput, {"url": "http://127.0.0.1/", "method": method}), SecretBox(bytes(32)), "alice"
        )


# --- answers ---


@pytest.mark.parametrize("status", [100, 102, 103])
async def test_endless_interim_answers_are_a_timeout(status: int) -> None:
    async def talk(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        while True:
            writer.write(f"HTTP/1.1 {status} Wait\r\n\r\n".encode() * 100)
            await writer.drain()
            await asyncio.sleep(0)

    async with talking(talk) as server, open_client() as client:
        exchange = await client.request(get(server.url, timeout=0.3))
    assert kind(exchange) in {ErrorKind.TIMEOUT, ErrorKind.PROTOCOL}


async def test_an_upgrade_that_nobody_asked_for_is_no_tunnel() -> None:
    async with answering(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nrest"
    ) as server:
        async with open_client() as client:
            exchange = await client.request(HttpRequest("GET", server.url, 0.5))
        assert len(server.seen) == 1
    assert kind(exchange) is not None or exchange.status == 101
