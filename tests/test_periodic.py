"""A duty is repeated, triggered, and stopped; a failure is reported once in a row and retried."""

import asyncio
from collections.abc import Iterable

import pytest
from pymongo.errors import AutoReconnect
from structlog.testing import capture_logs

from tests.harness import wait_until
from tocsin import periodic
from tocsin.errors import TocsinError
from tocsin.periodic import Periodic

HOUR = 3600.0


class Duty:
    """Counts its calls; each call does the next thing of a script, then nothing."""

    def __init__(self, script: Iterable[Exception | float | None] = ()) -> None:
        self.calls, self._script = 0, list(script)

    async def __call__(self) -> float | None:
        self.calls += 1
        step = self._script.pop(0) if self._script else None
        if isinstance(step, Exception):
            raise step
        return step

    async def reaches(self, calls: int) -> None:
        async def reached() -> bool:
            return self.calls >= calls

        await wait_until(reached)


async def test_it_waits_for_the_interval_unless_the_first_delay_is_another() -> None:
    later, now = Duty(), Duty()
    works = [Periodic("later", later, HOUR), Periodic("now", now, HOUR, first_delay=0)]
    for work in works:
        work.start()
    await now.reaches(1)
    for work in works:
        await work.stop()
    assert (later.calls, now.calls) == (0, 1)


async def test_the_duty_may_choose_its_next_delay() -> None:
    duty = Duty([0.0, 0.001, None])
    work = Periodic("chooses", duty, HOUR, first_delay=0)
    work.start()
    await duty.reaches(3)
    await work.stop()
    assert duty.calls == 3


async def test_a_trigger_during_a_call_is_not_lost() -> None:
    calls: list[int] = []
    work: Periodic

    async def duty() -> None:
        calls.append(len(calls))
        if len(calls) == 1:
            work.trigger()

    work = Periodic("triggers itself", duty, HOUR)
    work.start()
    work.trigger()

    async def called_twice() -> bool:
        return len(calls) == 2

    await wait_until(called_twice)
    await work.stop()


@pytest.mark.parametrize("backoff", [None, (0.001, 0.004)])
async def test_a_failure_is_logged_once_in_a_row_and_the_duty_repeated(backoff: tuple[float, float] | None) -> None:
    away, wrong = AutoReconnect("away"), TocsinError("wrong key")
    duty = Duty([away, away, wrong, wrong, ValueError("what?"), None, away])
    with capture_logs() as logged:
        work = Periodic("fails", duty, 0.001 if backoff is None else HOUR, first_delay=0, backoff=backoff)
        work.start()
        await duty.reaches(6)
        work.trigger()
        await duty.reaches(8)
        await work.stop()
    waiting = "waiting for the database"
    expected = [waiting, "wrong key", "periodic work failed, trying again", waiting]
    assert [line["event"] for line in logged] == expected
    assert {line["duty"] for line in logged} == {"fails"}


async def test_a_duty_that_takes_long_is_cancelled_even_if_it_does_not_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(periodic, "STOP_SECONDS", 0.01)
    begun, cancelled = asyncio.Event(), list[int]()

    async def duty() -> None:
        begun.set()
        while len(cancelled) < 3:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append(1)

    work = Periodic("stubborn", duty, HOUR, first_delay=0)
    work.start()
    await begun.wait()
    await work.stop()
    assert len(cancelled) == 3


async def test_stop_lets_a_call_end() -> None:
    ended: list[bool] = []
    begun = asyncio.Event()

    async def duty() -> None:
        begun.set()
        await asyncio.sleep(0.05)
        ended.append(True)

    work = Periodic("slow", duty, HOUR, first_delay=0)
    work.start()
    await begun.wait()
    await work.stop()
    assert ended == [True]
