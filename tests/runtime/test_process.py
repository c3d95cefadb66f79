"""The parts of a process: put together, started and stopped."""

import asyncio

import pytest

from tests.harness import SECRETS, Stack, TargetServer, make_settings, run_stack, save_task
from tocsin.documents import Database
from tocsin.wakeups import Signal


async def test_each_wakeup_reaches_a_part(database: Database) -> None:
    process = Stack(database, make_settings(), SECRETS, (bytes(32),))
    signals = {name: signal for name, signal in vars(process.wakeups).items() if isinstance(signal, Signal)}
    assert signals
    assert [name for name, signal in signals.items() if not signal._listeners] == []


@pytest.mark.parametrize("schedule", [True, False])
async def test_the_scheduler_runs_if_it_is_wanted(database: Database, schedule: bool) -> None:
    async with run_stack(database, schedule=schedule) as process:
        assert process.scheduler.is_healthy is schedule
    assert not process.scheduler.is_healthy


async def test_a_stopped_process_leaves_no_work_behind(database: Database, target: TargetServer) -> None:
    before = asyncio.all_tasks()
    process = Stack(database, make_settings(), SECRETS, (bytes(32),))
    await process.start()
    task = await save_task(database, target.url)
    await process.wait_for_runs(task.id, "COMPLETED")
    assert asyncio.all_tasks() > before
    await process.stop()
    left = asyncio.all_tasks() - before
    assert [found.get_name() for found in left if not found.get_name().startswith("Task-")] == []
    assert [found for found in left if "tocsin" in repr(found.get_coro())] == []
