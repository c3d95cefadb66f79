"""The rate of one owner to one host holds for all paths and spellings, and does not affect others."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.outbound.servers import answering, get, kind, open_shared_client, response
from tocsin import clock
from tocsin.documents import ErrorKind
from tocsin.outbound.host_rates import MAX_WAIT_SECONDS, HostRates

HOST = "api.example.com:443"
NOW = 1_800_000_000_000.0


@given(
    rate=st.integers(1, 3000),
    workers=st.integers(1, 5),
    waits=st.lists(st.integers(0, 5_000), min_size=1, max_size=300),
)
def test_a_rate_is_never_exceeded(rate: int, workers: int, waits: list[int]) -> None:
    """Any minute has at most what is refilled in it, plus a burst of a minute's worth."""
    rates, now, begun = HostRates(rate), NOW, list[float]()
    rates.set_process_count(workers)
    for wait in waits:
        now += wait
        if rates.seconds_until_allowed("alice", HOST, now) == 0:
            rates.record_call("alice", HOST, now)
            begun.append(now)
    part = max(1.0, rate / workers)
    for first in begun:
        assert sum(first <= moment < first + 60_000 for moment in begun) <= 2 * part + 1


def test_a_minutes_worth_comes_at_once_then_evenly() -> None:
    rates = HostRates(600)
    for _ in range(600):
        assert rates.seconds_until_allowed("alice", HOST, NOW) == 0
        rates.record_call("alice", HOST, NOW)
    assert rates.seconds_until_allowed("alice", HOST, NOW) == pytest.approx(0.1)
    assert rates.seconds_until_allowed("alice", HOST, NOW + 100) == 0
    assert (
        rates.seconds_until_allowed("bob", HOST, NOW)
        == rates.seconds_until_allowed("alice", "other.example:443", NOW)
        == 0
    )


def test_what_is_reserved_comes_later_and_not_without_end() -> None:
    rates = HostRates(60)
    waits = [rates.reserve_call("alice", HOST, NOW) for _ in range(72)]
    assert waits[:60] == [0.0] * 60
    assert waits[60:] == [pytest.approx(second) for second in range(1, 11)] + [None, None]
    assert rates.seconds_until_allowed("alice", HOST, NOW) == pytest.approx(MAX_WAIT_SECONDS + 1)


def test_without_a_rate_nothing_is_counted() -> None:
    rates = HostRates(0)
    assert [rates.reserve_call("alice", HOST, NOW) for _ in range(5000)] == [0.0] * 5000
    assert len(rates._buckets) == 0


def test_a_clock_that_was_set_back_holds_nobody_up() -> None:
    rates = HostRates(1)
    rates.record_call("alice", HOST, NOW)
    assert rates.seconds_until_allowed("alice", HOST, NOW - 3_600_000) == 0
    rates.record_call("alice", HOST, NOW - 3_600_000)
    assert 0 < rates.seconds_until_allowed("alice", HOST, NOW - 3_600_000) <= 60


def test_the_rate_holds_whatever_threads_ask() -> None:
    rates = HostRates(100)
    with ThreadPoolExecutor(8) as threads:
        got = list(threads.map(lambda _: rates.reserve_call("alice", HOST, NOW), range(1000)))
    assert got.count(0.0) == 100


async def test_where_redirects_lead_is_counted_and_too_many_are_refused() -> None:
    async with (
        answering(response(body=b"reached")) as target,
        answering(response("302 Found", b"", f"Location: {target.url}")) as ours,
        open_shared_client(rates=HostRates(2)) as client,
    ):
        counted = f"127.0.0.1:{ours.port}"
        exchanges = [await client.request(get(ours.url), "mallory", counted) for _ in range(4)]
        others = await client.request(get(ours.url), "alice", counted)
    assert [exchange.body for exchange in exchanges] == ["reached", "reached", None, None]
    assert {kind(exchange) for exchange in exchanges[2:]} == {ErrorKind.HOST_RATE}
    assert exchanges[2].failure is not None
    assert "more often per minute than this server allows" in exchanges[2].failure.message
    assert (others.body, len(target.seen)) == ("reached", 3)


async def test_a_request_waits_for_its_turn_within_the_attempt() -> None:
    rates = HostRates(600)
    async with answering(response(body=b"ok")) as server, open_shared_client(rates=rates) as client:
        now = clock.epoch_milliseconds(clock.now())
        for _ in range(601):
            rates.record_call("alice", f"127.0.0.1:{server.port}", now)
        exchange = await client.request(get(server.url), "alice")
        assert (exchange.body, exchange.timings["total"] > 50) == ("ok", True)
        free = await client.request(get(server.url), "alice", f"127.0.0.1:{server.port}")
        assert free.body == "ok"
        for _ in range(20):
            rates.record_call("alice", f"127.0.0.1:{server.port}", now)
        late = await client.request(get(server.url, timeout=0.05), "alice")
    assert kind(late) is ErrorKind.TIMEOUT


async def test_only_one_call_to_the_counted_host_is_free() -> None:
    async with answering(response(body=b"ok")) as server, open_shared_client(rates=HostRates(1)) as client:
        http = client.for_owner("alice", f"127.0.0.1:{server.port}")
        exchanges = await asyncio.gather(*(http.request(get(server.url)) for _ in range(3)))
    assert sorted(str(exchange.body) for exchange in exchanges) == ["None", "ok", "ok"]
