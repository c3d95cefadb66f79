"""Turns to tell: owners one after the other, nobody twice at once, and pauses in between."""

import asyncio
import time

import pytest
import structlog

from tests.harness import wait_until
from tocsin.graphql.sharing import telling
from tocsin.graphql.sharing.telling import CHANGES_PER_ROUND, Rounds


class Told:
    """A teller that counts."""

    def __init__(self, owner: str, waiting: int, log: list[str], busy_seconds: float = 0.0) -> None:
        self.owner, self._waiting, self._log, self._busy_seconds = owner, waiting, log, busy_seconds
        self._is_telling = False

    def count_waiting(self) -> int:
        return self._waiting

    async def tell(self) -> None:
        assert not self._is_telling
        self._is_telling = True
        self._waiting -= min(self._waiting, CHANGES_PER_ROUND)
        self._log.append(self.owner)
        end = time.thread_time() + self._busy_seconds
        while time.thread_time() < end:
            pass
        await asyncio.sleep(0)
        self._is_telling = False


async def finish(rounds: Rounds) -> None:
    async def ended() -> bool:
        return rounds._task is None and not rounds._busy

    await wait_until(ended)


async def test_quiet_owners_are_served_between_the_turns_of_busy_ones() -> None:
    log: list[str] = []
    rounds = Rounds()
    rounds.wake(Told("busy", 50 * CHANGES_PER_ROUND, log))
    rounds.wake(Told("busy", 50 * CHANGES_PER_ROUND, log))
    rounds.wake(Told("quiet", 1, log))
    await finish(rounds)
    assert "quiet" in log[:3]
    assert len(log) == 101


async def test_a_teller_that_is_woken_during_its_turn_gets_another_one_after_it() -> None:
    log: list[str] = []
    rounds = Rounds()
    teller = Told("o", 1, log)
    rounds.wake(teller)
    while not log:
        await asyncio.sleep(0)
    teller._waiting = 1
    rounds.wake(teller)
    await finish(rounds)
    assert log == ["o", "o"]


async def test_telling_takes_a_part_of_the_time_while_the_process_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "BUSY_SHARE", 0.0)
    log: list[str] = []
    rounds = Rounds()
    rounds.wake(Told("o", 10 * CHANGES_PER_ROUND, log, busy_seconds=0.01))
    began, used = time.perf_counter(), time.thread_time()
    await finish(rounds)
    assert len(log) == 10
    assert time.perf_counter() - began > 3 * 10 * 0.01
    assert time.thread_time() > used


async def test_telling_does_not_wait_while_the_process_has_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "PAUSE_FACTOR", 1e9)
    monkeypatch.setattr(telling, "MAX_PAUSE_SECONDS", 1e9)
    log: list[str] = []
    rounds = Rounds()
    rounds.wake(Told("o", 10 * CHANGES_PER_ROUND, log))
    await finish(rounds)
    assert len(log) == 10


async def test_a_failure_and_a_slow_teller_do_not_stop_the_others() -> None:
    log: list[str] = []
    rounds, gate = Rounds(), asyncio.Event()

    class Failing(Told):
        async def tell(self) -> None:
            self._waiting = 0
            raise ZeroDivisionError

    class Slow(Told):
        async def tell(self) -> None:
            await gate.wait()
            await super().tell()

    with structlog.testing.capture_logs() as logged:
        for teller in (Failing("failing", 1, log), Slow("slow", 1, log), Told("quick", 2 * CHANGES_PER_ROUND, log)):
            rounds.wake(teller)
        while log != ["quick", "quick"]:
            await asyncio.sleep(telling.MAX_PAUSE_SECONDS / 100)
        gate.set()
        await finish(rounds)
    assert log[-1] == "slow"
    assert [line["owner"] for line in logged] == ["failing"]


async def test_an_owner_has_only_so_many_turns_at_once() -> None:
    log: list[str] = []
    rounds, gate = Rounds(), asyncio.Event()

    class Stuck(Told):
        async def tell(self) -> None:
            log.append("begun")
            self._waiting = 0
            await gate.wait()

    for _ in range(3 * telling.TURNS_PER_OWNER):
        rounds.wake(Stuck("slow", 1, []))
    rounds.wake(Told("quick", 1, log))

    async def quick_told() -> bool:
        return "quick" in log

    await wait_until(quick_told)
    assert log.count("begun") == telling.TURNS_PER_OWNER
    gate.set()
    await finish(rounds)
    assert log.count("begun") == 3 * telling.TURNS_PER_OWNER
