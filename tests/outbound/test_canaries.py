"""Canaries that answer, fail by the network, or say nothing, on real sockets."""

import asyncio
from ipaddress import ip_network

import pytest

from tests.harness import make_settings
from tests.outbound.servers import Reader, Writer, answering, open_shared_client, read_request, response, talking
from tocsin.errors import SettingsError
from tocsin.outbound import canaries
from tocsin.outbound.canaries import Canaries, check_canary_urls
from tocsin.outbound.guard import ConnectionRules
from tocsin.outbound.host_rates import HostRates
from tocsin.outbound.own_services import OwnServices

NOWHERE = "http://127.0.0.1:9/"
"""A port at which nothing listens."""


@pytest.mark.parametrize("status", ["200 OK", "302 Found", "405 Method Not Allowed", "500 Internal Server Error"])
async def test_one_canary_that_answers_is_enough_whatever_it_says(status: str) -> None:
    async with answering(response(status)) as server, open_shared_client() as client:
        assert (await Canaries(client, [NOWHERE, server.url]).ask_all()).is_answered
    assert server.seen[0].startswith(b"HEAD / HTTP/1.1\r\n")


async def test_an_answer_that_is_no_http_is_an_answer() -> None:
    async with answering(b"220 mail.example.org ESMTP\r\n") as server, open_shared_client() as client:
        assert (await Canaries(client, [server.url]).ask_all()).is_answered


async def test_no_answer_from_any_is_an_outage() -> None:
    async with open_shared_client() as client:
        check = await Canaries(client, [NOWHERE, "http://canary.invalid/"]).ask_all()
    assert not check.is_answered
    assert sorted(check.failures) == [
        "The connection to 127.0.0.1:9 was refused.",
        "The host name canary.invalid does not exist.",
    ]


async def test_the_first_answer_is_not_delayed_by_a_canary_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canaries, "CANARY_TIMEOUT_SECONDS", 3600.0)

    async def say_nothing(reader: Reader, _: Writer) -> None:
        await read_request(reader)
        await asyncio.Event().wait()

    async with talking(say_nothing) as silent, answering(response()) as server, open_shared_client() as client:
        assert (await Canaries(client, [silent.url, server.url]).ask_all()).is_answered


async def test_a_canary_that_is_silent_has_not_answered_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canaries, "CANARY_TIMEOUT_SECONDS", 0.05)

    async def say_nothing(reader: Reader, _: Writer) -> None:
        await read_request(reader)
        await asyncio.Event().wait()

    async with talking(say_nothing) as silent, open_shared_client() as client:
        check = await Canaries(client, [silent.url]).ask_all()
    assert not check.is_answered
    assert "took longer than 0.05 s" in check.failures[0]


async def test_a_canary_that_may_not_be_called_says_nothing() -> None:
    async with answering(response()) as server, open_shared_client(allowed_networks=()) as client:
        assert (await Canaries(client, [server.url]).ask_all()).is_answered
        assert not (await Canaries(client, [server.url, "http://canary.invalid/"]).ask_all()).is_answered
    assert server.connections == 0


async def test_a_canary_counts_towards_no_rate() -> None:
    async with answering(response()) as server, open_shared_client(rates=HostRates(1)) as client:
        for _ in range(3):
            assert (await Canaries(client, [server.url]).ask_all()).is_answered
    assert len(server.seen) == 3


@pytest.mark.parametrize(
    ("url", "rules", "why"),
    [
        ("http://10.0.0.1/", ConnectionRules(), "10.0.0.1 may not be called: it is not a public address."),
        ("https://example.org:25/", ConnectionRules((), {25}), "Port 25 may not be called"),
        ("http://localhost:8000/", ConnectionRules((ip_network("127.0.0.0/8"),), (), OwnServices([8000])), "itself"),
        ("https://example.org:99999/", ConnectionRules(), "cannot be called."),
    ],
)
def test_a_canary_that_could_never_be_called_is_refused_at_the_start(
    url: str, rules: ConnectionRules, why: str
) -> None:
    with pytest.raises(SettingsError, match=r"^TOCSIN_CANARY_URLS is invalid: ") as caught:
        check_canary_urls(make_settings(canary_urls=url), rules)
    assert why in str(caught.value)


def test_canaries_that_can_be_called_are_accepted() -> None:
    urls = "https://example.org/,https://example.org/,http://192.0.2.1:8080/health?x=1"
    settings = make_settings(canary_urls=urls)
    assert settings.canary_urls == ("https://example.org/", "http://192.0.2.1:8080/health?x=1")
    check_canary_urls(make_settings(canary_urls="https://example.org/"), ConnectionRules())
