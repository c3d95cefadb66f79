# ruff: noqa: RUF001  # homographs are the subject
"""Attacks by the URL of a task."""

import pytest

from tests.outbound.hostile import ALL, PRIVATE, Answering, saving, stage
from tests.outbound.servers import response
from tocsin.documents import ErrorKind

# Unambiguous hosts, whose addresses are checked when they are called.
PRIVATE_HOSTS = [
    "127.0.0.2", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.2]", "[::ffff:7f00:2]", "[::FFFF:7F00:0002]",
    "[0:0:0:0:0:ffff:127.0.0.2]", "[::127.0.0.2]", "[::ffff:0:127.0.0.2]", "[64:ff9b::127.0.0.2]",
    "[64:ff9b::7f00:2]", "[64:ff9b:1::7f00:2]", "[2002:7f00:2::]", "[2002:7f00:2::1]",
    "[2001:0:4136:e378:8000:63bf:80ff:fffd]", "[fe80::5efe:7f00:2]", "[fe80::1]", "[fec0::1]", "[fd00:ec2::254]",
    "[ff02::1]", "10.0.0.1", "100.64.0.1", "169.254.169.254", "172.16.0.1", "192.168.0.1", "224.0.0.1",
    "255.255.255.255", "localhost", "LOCALHOST", "localhost.", "LocalHost.", "good.example.",
    # Characters that IDNA maps to ASCII are mapped before the checks.
    "127。0。0。2", "127．0．0．2", "127｡0｡0｡2", "１２７.0.0.2", "①②⑦.⓪.⓪.②", "𝟏𝟐𝟕.𝟎.𝟎.𝟐", "１２７。０。０。２",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "ｌｏｃａｌｈｏｓｔ", "localhost。", "ℓocalhost", "ſpecial.example",
    # Homographs form another name, which is looked up and checked like any other.
    "lоcalhost", "gооd.example", "xn--lcalhost-nbh",
]  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE_HOSTS)
async def test_a_host_that_is_not_public_is_not_reached(host: str) -> None:
    url = f"http://{host}:PORT/"
    assert saving(url) is None
    async with stage() as theatre:
        assert await theatre.refused(url) is ErrorKind.BLOCKED_ADDRESS


NUMBER = "Its host is an ambiguous number."
HOST = "Its host is neither a host name nor a plain IP address"
USER = "It must not contain a user name or password"
SPACE = "It contains a space or a control character."
SCHEME = "It must begin with http:// or https://."
NO_HOST = "It has no host."
INVALID = "It is not a valid URL."
ODD: list[tuple[str, str]] = [
    # The C library reads these as 127.0.0.2, other parsers differently.
    ("http://127.2:PORT/", NUMBER),
    ("http://127.0.2:PORT/", NUMBER),
    ("http://2130706434:PORT/", NUMBER),
    ("http://0x7f000002:PORT/", NUMBER),
    ("http://0X7F.0x0.0x0.0x2:PORT/", NUMBER),
    ("http://127.0.0.0x2:PORT/", NUMBER),
    ("http://017700000002:PORT/", NUMBER),
    ("http://0177.0.0.2:PORT/", NUMBER),
    ("http://0177.0.0.02:PORT/", NUMBER),
    ("http://127.0.0.2.:PORT/", NUMBER),
    ("http://0:PORT/", NUMBER),
    ("http://0x:PORT/", NUMBER),
    ("http://①②⑦.②:PORT/", NUMBER),
    ("http://٢.example.1:PORT/", NUMBER),
    ("http://256.256.256.256:PORT/", NUMBER),
    ("http://1.2.3.4.5:PORT/", NUMBER),
    # Not plain.
    ("http://%31%32%37.0.0.2:PORT/", HOST),
    ("http://127.0.0.2%2f.good.example:PORT/", HOST),
    ("http://127.0.0.2%00.good.example:PORT/", HOST),
    ("http://127.0.0.2%0d%0a.good.example:PORT/", HOST),
    ("http://127%E3%80%820.0.2:PORT/", HOST),
    ("http://[::1%25lo]:PORT/", HOST),
    ("http://[::1%lo]:PORT/", HOST),
    ("http://[fe80::1%25eth0]:PORT/", HOST),
    ("http://[v1.fe80]:PORT/", HOST),
    ("http://a..b:PORT/", HOST),
    ("http://.:PORT/", HOST),
    ("http://..:PORT/", HOST),
    ("http://.127.0.0.2:PORT/", HOST),
    ("http://good.example,127.0.0.2:PORT/", HOST),
    ("http://good.example:+PORT/", HOST),
    ("http://good.example:8_0/", HOST),
    ("http://127.0.0.2\\.good.example:PORT/", INVALID),
    ("http://[127.0.0.2]:PORT/", INVALID),
    ("http://[::ffff:１２７.0.0.2]:PORT/", INVALID),
    ("http://[::1]127.0.0.2:PORT/", INVALID),
    ("http://::1:PORT/", INVALID),
    ("http://[]@", INVALID),
    ("http://[]@127.0.0.2:PORT/", INVALID),
    ("http://good.example:80:PORT/", INVALID),
    ("http://good.example:%38%30/", INVALID),
    ("http://good.example:-1/", INVALID),
    ("http://127.0.0.2\u200b:PORT/", INVALID),
    ("http://127.0.0.2\u00ad:PORT/", INVALID),
    ("http://good.example\u2044@127.0.0.2:PORT/", USER),
    ("http://good.example\uff0f@127.0.0.2:PORT/", INVALID),
    ("http://good.example\uff20127.0.0.2:PORT/", INVALID),
    # Which of the two hosts?
    ("http://good.example@127.0.0.2:PORT/", USER),
    ("http://good.example:80@127.0.0.2:PORT/", USER),
    ("http://good.example%2f@127.0.0.2:PORT/", USER),
    ("http://good.example;@127.0.0.2:PORT/", USER),
    ("http://user:@127.0.0.2:PORT/", USER),
    ("http://a@b@127.0.0.2:PORT/", USER),
    ("http://127.0.0.2:PORT\\@good.example/", INVALID),
    ("http://good.example\\@127.0.0.2:PORT/", INVALID),
    ("http://@127.0.0.2:PORT/", HOST),
    # Line breaks and other schemes.
    ("http://good.example:PORT/\r\nHost: evil.example", SPACE),
    ("http://good.example:PORT/\nX-Evil: 1", SPACE),
    ("http://good.example:PORT/ HTTP/1.1", SPACE),
    ("http://127.0.\t0.2:PORT/", SPACE),
    ("http://127.0.0.2\x00.good.example:PORT/", SPACE),
    ("\x0bhttp://127.0.0.2:PORT/", SPACE),
    ("file:///etc/passwd", SCHEME),
    ("gopher://127.0.0.2:PORT/_GET", SCHEME),
    ("ftp://127.0.0.2:PORT/", SCHEME),
    ("ws://127.0.0.2:PORT/", SCHEME),
    ("unix:///run/docker.sock", SCHEME),
    ("http+unix://%2frun%2fdocker.sock/", SCHEME),
    ("data:text/plain,x", SCHEME),
    ("//127.0.0.2:PORT/", SCHEME),
    ("127.0.0.2:PORT/", SCHEME),
    ("http:/127.0.0.2:PORT/", NO_HOST),
    ("http:127.0.0.2:PORT/", NO_HOST),
    ("http:///127.0.0.2:PORT/", NO_HOST),
    ("http:\\\\127.0.0.2:PORT\\", NO_HOST),
]


@pytest.mark.parametrize(("url", "why"), ODD)
async def test_an_odd_url_is_refused_when_it_is_saved_and_when_it_is_called(url: str, why: str) -> None:
    said = saving(url)
    assert said is not None
    assert said.startswith(f"url: The url cannot be called. {why}")
    async with stage() as theatre:
        assert await theatre.refused(url) is ErrorKind.BAD_URL
        assert theatre.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://good.example:PORT#@127.0.0.2:PORT/",
        "http://good.example:PORT?@127.0.0.2:PORT/",
        "http://good.example:PORT/@127.0.0.2:PORT/",
        "http://good.example:PORT/\\@127.0.0.2:PORT/",
        "http://good.example:PORT//127.0.0.2:PORT/",
        "HTTP://GOOD.EXAMPLE:PORT/",
        "hTtP://ｇood。example:PORT/",
    ],
)
async def test_what_stands_behind_the_host_is_no_host(url: str) -> None:
    async with stage(resolver=Answering(["127.0.0.1"])) as theatre:
        exchange = await theatre.call(url)
    assert exchange.body == "public"
    assert theatre.protected.connections == 0
    assert [name.lower() for name in theatre.asked] == ["good.example"]


@pytest.mark.parametrize("host", [PRIVATE, "[::1]", "[::ffff:7f00:2]", "127。0。0。2", "localhost", "good.example."])
async def test_the_stage_is_set(host: str) -> None:
    """A client that may call the protected servers reaches them, so the tests here prove something."""
    async with stage(allowed_networks=ALL) as theatre:
        assert (await theatre.call(f"http://{host}:PORT/")).body == "protected"


HOMOGRAPH = "http://gооd.example:PORT/path?q=ü"  # both o are Cyrillic


@pytest.mark.parametrize("answer", ["127.0.0.1", "10.0.0.1", ""])
async def test_a_name_that_looks_like_another_shows_as_what_it_is(answer: str) -> None:
    redirect = response("302 Found", b"", "Location: ftp://x/")
    async with stage(redirect, resolver=Answering([answer] if answer else [])) as theatre:
        exchange = await theatre.call(HOMOGRAPH)
    assert exchange.failure is not None
    assert "xn--gd-fmca.example" in exchange.failure.message
    assert exchange.failure.message.isascii()
    assert theatre.asked == ["xn--gd-fmca.example"]
