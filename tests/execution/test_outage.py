"""The database dies during work: nothing is lost, nothing is done twice, no restart is needed."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from pymongo.errors import PyMongoError

from tests.harness import Stack, TargetServer, run_stack, save_task, wait_until
from tocsin import clock, documents, schedules
from tocsin.embedded import EmbeddedDatabase
from tocsin.events import Change, ChangeKind, ChangeSubscription
from tocsin.tasks.retry_policy import RetryPolicy


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedDatabase]:
    """A separate database server to kill. Its supervisor restarts it."""
    running = EmbeddedDatabase(tmp_path, authenticate=False)
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def alone(server: EmbeddedDatabase) -> AsyncIterator[Stack]:
    """A process that uses that database."""
    opened = await documents.connect(server.uri, "outage")
    async with run_stack(opened) as stack:
        yield stack
    await opened.close()


async def kill(server: EmbeddedDatabase) -> None:
    """Kill the server and wait until this is noticed."""
    assert server.pid is not None
    pid = server.pid
    os.kill(pid, signal.SIGKILL)

    async def gone() -> bool:
        return server.pid != pid

    await wait_until(gone)


async def test_outcomes_outlive_a_database_that_dies_and_nothing_runs_twice(
    server: EmbeddedDatabase, alone: Stack, target: TargetServer
) -> None:
    begun = [await save_task(alone.database, f"{target.url}/wait") for _ in range(5)]
    due = clock.now() + timedelta(seconds=1)
    once = [await save_task(alone.database, target.url, schedules.Once(due)) for _ in range(5)]
    each_second = schedules.Every(timedelta(seconds=1), due, due + timedelta(seconds=2))
    every = await save_task(alone.database, target.url, each_second, overlap=documents.Overlap.ALLOW)

    async def all_called() -> bool:
        return len(target.calls) == 5

    await wait_until(all_called)
    async with alone.fanout.subscribe("alice") as subscription:
        assert (await anext(subscription)).kind is ChangeKind.SNAPSHOT
        await kill(server)
        target.release.set()
        for task in begun:
            (run,) = await patient(alone, task.id, "COMPLETED")
            assert [attempt["outcome"] for attempt in run["attempts"]] == ["COMPLETED"]
        for task in once:
            await patient(alone, task.id, "COMPLETED")
        runs = await patient(alone, every.id, "COMPLETED", "COMPLETED", "COMPLETED")
        assert [run["due_at"] - due for run in runs] == [timedelta(seconds=second) for second in range(3)]
        later = await save_task(alone.database, target.url, retry=RetryPolicy(0))
        async with asyncio.timeout(10):
            while (change := await anext(subscription)).task_id != later.id:
                pass  # an earlier change, or a SNAPSHOT if the stream could not be resumed
        assert change.kind is ChangeKind.TASK_CREATED
        await patient(alone, later.id, "COMPLETED")
    assert sorted(target.run_ids()) == sorted(set(target.run_ids()))
    assert server.restarts == 1
    for task in (*begun, *once, every):
        assert (await alone.wait_for_task(task.id, "COMPLETED"))["active"] == []
    assert alone.scheduler.is_healthy


async def heard(subscription: ChangeSubscription, wanted: Callable[[Change], bool]) -> Change:
    """Return the next change of this kind."""
    async with asyncio.timeout(20):
        while not wanted(change := await anext(subscription)):
            pass
    return change


async def patient(stack: Stack, task_id: str, *statuses: str) -> list[documents.RunDocument]:
    """Wait for these runs, however long the database takes to come back."""

    async def there() -> bool:
        try:
            return [run["status"] for run in await stack.runs(task_id)] == list(statuses)
        except PyMongoError:
            return False

    await wait_until(there, 20)
    return await stack.runs(task_id)
