import asyncio
from itertools import pairwise
from types import SimpleNamespace
from unittest.mock import AsyncMock

import pytest

from tests.graphql.conftest import Api
from tocsin.web import backpressure
from tocsin.web.backpressure import BackpressureMiddleware, EventLoopLoad, RequestPacer
from tocsin.web.connections import Connection, ConnectionTable

PROXY = "127.0.0.9"


@pytest.fixture
def _calm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EventLoopLoad, "exceeds", lambda *_: False)


@pytest.mark.usefixtures("_calm")
async def test_one_request_starts_per_loop_iteration_in_order_of_arrival() -> None:
    turns, seen, turn = RequestPacer(), [], 0
    ended = asyncio.Event()

    def count() -> None:
        nonlocal turn
        turn += 1
        if not ended.is_set():
            asyncio.get_running_loop().call_soon(count)

    async def work(number: int) -> None:
        await turns.acquire()
        seen.append((number, turn))

    count()
    await asyncio.gather(*(work(number) for number in range(50)))
    ended.set()
    assert [number for number, _ in seen] == list(range(50))
    assert len({turn for _, turn in seen}) == 50
    assert turn < 60  # no turn is left out


@pytest.mark.usefixtures("_calm")
async def test_a_single_request_does_not_wait() -> None:
    turns = RequestPacer()
    for _ in range(3):
        work = turns.acquire()
        try:
            work.send(None)
        except StopIteration:
            await asyncio.sleep(0)
            continue
        raise AssertionError("had to wait")


@pytest.mark.usefixtures("_calm")
async def test_a_cancelled_request_takes_no_turn() -> None:
    turns = RequestPacer()
    await turns.acquire()
    waiting = [asyncio.create_task(turns.acquire()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.wait_for(asyncio.gather(*waiting[1:]), 1)


async def test_every_request_of_the_application_takes_a_turn(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[RequestPacer] = []
    take = RequestPacer.acquire

    async def counted(turns: RequestPacer) -> None:
        taken.append(turns)
        await take(turns)

    monkeypatch.setattr(RequestPacer, "acquire", counted)
    await api.nobody.http.get("/live")
    await api.nobody.ask("{ __typename }")
    assert len(taken) == 2


@pytest.fixture
def shares(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the loads above which requests would have waited."""
    seen: list[float] = []
    monkeypatch.setattr(EventLoopLoad, "exceeds", lambda _, share: seen.append(share))

    return seen


async def serve(address: str, *users: str | None) -> None:
    """Serve requests that these users authenticate, on one connection."""
    connection = ConnectionTable(9, 9, lambda each: each == PROXY).open(address, lambda: None)
    assert isinstance(connection, Connection)
    for user in users:

        async def app(*_: object, user: str | None = user) -> None:
            if user is not None:
                connection.mark_authenticated(user)

        scope = {"type": "http", "state": {"connection": connection}}
        await BackpressureMiddleware(app)(scope, AsyncMock(), AsyncMock())


async def test_a_request_after_an_authenticated_one_waits_only_above_a_higher_load(shares: list[float]) -> None:
    await serve("192.0.2.1", None, "alice", "alice", None, None)
    low, high = backpressure.MAX_LOOP_SHARE, backpressure.KNOWN_LOOP_SHARE
    assert shares == [low, low, high, high, low]


async def test_the_connection_of_a_proxy_is_not_known_by_one_of_its_clients(shares: list[float]) -> None:
    await serve(PROXY, "alice", "alice")
    assert shares == [backpressure.MAX_LOOP_SHARE] * 2


async def test_while_the_loop_is_busy_requests_wait_for_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = RequestPacer()
    begun: list[float] = []
    monkeypatch.setattr(EventLoopLoad, "exceeds", lambda *_: True)

    async def work() -> None:
        await turns.acquire()
        begun.append(asyncio.get_running_loop().time())

    async with asyncio.timeout(10):
        await asyncio.gather(*(work() for _ in range(6)))
    gaps = [later - earlier for earlier, later in pairwise(begun)]
    assert all(gap > 0.01 for gap in gaps)  # by a clock of whole milliseconds


class Thread:
    """A thread whose clocks are set by hand, and the load that is measured of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall = self.processor = 0.0
        fake = SimpleNamespace(perf_counter=lambda: self.wall, thread_time=lambda: self.processor)
        monkeypatch.setattr(backpressure, "time", fake)
        self._load = EventLoopLoad()

    def work(self, seconds: float) -> None:
        self.wall += seconds
        self.processor += seconds

    def exceeds(self, share: float) -> bool:
        return self._load.exceeds(share)


@pytest.fixture
def thread(monkeypatch: pytest.MonkeyPatch) -> Thread:
    return Thread(monkeypatch)


def test_the_load_is_exceeded_after_some_time_without_a_break(thread: Thread) -> None:
    assert not thread.exceeds(0.6)
    thread.work(0.049)
    assert not thread.exceeds(0.6)
    thread.work(0.002)
    assert thread.exceeds(0.6)


def test_a_load_of_just_the_share_is_not_exceeded(thread: Thread) -> None:
    for _ in range(1000):
        thread.work(0.006)
        thread.wall += 0.004
        assert not thread.exceeds(0.6)


def test_a_long_excess_is_forgiven_after_a_short_break(thread: Thread) -> None:
    thread.work(10)
    assert thread.exceeds(0.6)
    thread.wall += 0.04
    assert not thread.exceeds(0.6)


@pytest.mark.parametrize("share", [backpressure.MAX_LOOP_SHARE, backpressure.KNOWN_LOOP_SHARE])
def test_under_a_flood_of_requests_the_loop_is_as_busy_as_its_share(thread: Thread, share: float) -> None:
    while thread.wall < 10:
        if thread.exceeds(share):
            thread.wall += 0.005
        else:
            thread.work(0.004)
    assert thread.processor / thread.wall == pytest.approx(share, abs=0.01)
