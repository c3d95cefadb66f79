"""Periodic work runs until it is stopped, is cancelled only if it takes long, and survives errors."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from pymongo.errors import AutoReconnect
from structlog.testing import capture_logs

from tests.harness import wait_until
from tocsin.errors import TocsinError
from tocsin.maintenance import periodic
from tocsin.maintenance.periodic import Periodic


@asynccontextmanager
async def going(duty: Callable[[], Awaitable[None]]) -> AsyncIterator[Periodic]:
    running = Periodic(duty, 0.001)
    running.start()
    try:
        yield running
    finally:
        await running.stop()


async def test_a_stop_waits_for_the_duty() -> None:
    begun, ended, gate = [], [], asyncio.Event()

    async def duty() -> None:
        begun.append(1)
        await gate.wait()
        ended.append(1)

    async with going(duty) as running:
        await wait_until(lambda: asyncio.sleep(0, begun))
        stopping = asyncio.create_task(running.stop())
        await asyncio.sleep(0)
        gate.set()
        await stopping
    assert begun == ended == [1]


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

    async with going(duty):
        await begun.wait()
    assert len(cancelled) == 3


async def test_errors_are_told_once_and_end_nothing() -> None:
    errors = [AutoReconnect("away"), TocsinError("wrong key"), TocsinError("wrong key"), ValueError("what?")]
    done = []

    async def duty() -> None:
        done.append(1)
        if len(done) <= len(errors):
            raise errors[len(done) - 1]

    with capture_logs() as logged:
        async with going(duty):
            await wait_until(lambda: asyncio.sleep(0, len(done) > len(errors)))
    assert [line["event"] for line in logged] == ["wrong key", "periodic work failed, trying again"]
