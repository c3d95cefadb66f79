"""The dispatcher over the real database, with real calls: turns, queues, hosts."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.dispatch.helpers import queued, settled, under_way, waits_for
from tests.harness import TargetServer, run_stack, wait_until
from tocsin import clock, schedules
from tocsin.documents import Database, JobDocument, RunStatus, Task, WaitingFor, public_status
from tocsin.tasks import queues, saving
from tocsin.tasks.queue_statistics import QueueStatistics
from tocsin.tasks.saving import TaskDraft


async def test_anothers_run_does_not_wait_for_a_flood_that_fills_every_window(
    database: Database, target: TargetServer
) -> None:
    await queued(database, f"{target.url}/flood", 3 * 100 + 200)
    (bobs,) = await queued(database, f"{target.url}/bob", 1, "bob")
    async with run_stack(database, max_concurrency=2, mongodb_uri="mongodb://x", **KEYS) as stack:

        async def done() -> bool:
            return bool((await stack.run(bobs["_id"]))["status"] == "COMPLETED")

        await wait_until(done)
        place = [call["path"] for call in target.calls].index("/bob")
        assert place <= 16  # the in-flight runs and one turn, not the flood
        await wait_until(lambda: settled(database, 3 * 100 + 201), 60)


KEYS: dict[str, Any] = {"jwt_secret": "x" * 40, "encryption_key": "A" * 43 + "="}


async def test_a_higher_priority_of_one_owner_goes_first(database: Database, target: TargetServer) -> None:
    await queued(database, f"{target.url}/low", 300)
    await queued(database, f"{target.url}/high", 1, priority=10)
    async with run_stack(database, max_concurrency=1, mongodb_uri="mongodb://x", **KEYS):
        await wait_until(lambda: settled(database, 30))
        assert [call["path"] for call in target.calls].index("/high") <= 4


async def test_a_paused_queue_starts_nothing_says_so_and_continues_when_resumed(
    database: Database, target: TargetServer
) -> None:
    await queues.update_queue(database, "slow", {"paused": True}, clock.now())
    (run,) = await queued(database, f"{target.url}/slow", 1, queue="slow")
    async with run_stack(database) as stack:
        await queued(database, f"{target.url}/other", 20)
        stack.wakeups.runs_queued()
        await wait_until(lambda: settled(database, 20))
        waiting = stack.engine.find_wait_reason(await stack.run(run["_id"]))
        assert waiting is not None
        assert (waiting.waiting_for, waiting.text) == (WaitingFor.QUEUE_PAUSED, "The queue slow is paused.")
        assert stack.engine.in_flight.queued == 1
        await queues.update_queue(database, "slow", {"paused": False}, clock.now())
        stack.wakeups.queues_changed()
        await wait_until(lambda: settled(database, 21))
    assert [call["path"] for call in target.calls].count("/slow") == 1


async def test_a_queues_concurrency_is_kept_by_two_processes_together(database: Database, target: TargetServer) -> None:
    await queues.update_queue(database, "narrow", {"concurrency": 3}, clock.now())
    many = {"max_concurrency": 20, "mongodb_uri": "mongodb://x", "wait_timeout": 10, **KEYS}
    async with run_stack(database, **many) as one, run_stack(database, **many) as two:
        for stack in (one, two):
            await stack.engine.settings_sync.sync()
        await queued(database, f"{target.url}/wait", 12, queue="narrow")
        for stack in (one, two):
            stack.wakeups.runs_queued()

        async def busy() -> bool:
            return len(target.calls) == 3

        await wait_until(busy)
        await one.engine.settings_sync.sync()
        for stack in (one, two):
            stack.wakeups.runs_queued()
        await asyncio.sleep(0.3)  # long enough for a fourth, if it were admitted
        assert len(target.calls) == 3
        assert await database.runs.count_documents({"status": RunStatus.RUNNING.value}) == 3
        target.release.set()
        await wait_until(lambda: settled(database, 12))


async def test_a_host_is_called_by_few_at_once_while_others_are_called(
    database: Database, target: TargetServer
) -> None:
    async with run_stack(
        database, host_concurrency=2, wait_timeout=10, max_retries=0, mongodb_uri="mongodb://x", **KEYS
    ) as stack:
        await queued(database, f"{target.url}/wait", 40)
        stack.wakeups.runs_queued()

        async def busy() -> bool:
            return len(target.calls) == 2

        await wait_until(busy)
        assert await wait_until(lambda: waits_for(stack, WaitingFor.HOST_LIMIT))
        await queued(database, target.url.replace("127.0.0.1", "127.0.0.2"), 1)  # where nothing listens
        stack.wakeups.runs_queued()
        await wait_until(lambda: settled(database, 1, "FAILED"))
        assert len(target.calls) == 2
        target.release.set()
        await wait_until(lambda: settled(database, 40))


async def test_a_concurrency_of_one_and_of_a_thousand_both_behave(database: Database, target: TargetServer) -> None:
    for concurrency in (1, 1000):
        await database.runs.delete_many({})
        target.calls.clear()
        async with run_stack(database, max_concurrency=concurrency, host_concurrency=1000) as stack:
            await queued(database, target.url, 200)
            stack.wakeups.runs_queued()
            await wait_until(lambda: settled(database, 200), 30)
            assert len(set(target.run_ids())) == len(target.calls) == 200


@pytest.mark.parametrize("prefetch", [0, 1])
async def test_with_no_or_little_prefetch_no_place_stays_free_while_runs_wait(
    database: Database, target: TargetServer, prefetch: int
) -> None:
    async with run_stack(database, max_concurrency=4, owner_share=1.0, prefetch=prefetch) as stack:
        await queued(database, target.url, 200)
        stack.wakeups.runs_queued()
        await wait_until(lambda: settled(database, 200), 30)  # a poll for each round of four would take 50 s
        assert len(set(target.run_ids())) == len(target.calls) == 200


async def test_of_claimed_runs_only_the_prefetch_waits_and_is_shown_as_queued(
    database: Database, target: TargetServer
) -> None:
    more: dict[str, Any] = {"max_concurrency": 2, "owner_share": 1.0, "prefetch": 2, "wait_timeout": 10}
    async with run_stack(database, **more) as stack:
        await queued(database, f"{target.url}/wait", 9)
        stack.wakeups.runs_queued()

        async def claimed() -> bool:
            return await database.runs.count_documents({"status": RunStatus.RUNNING.value}) == 3

        await wait_until(claimed)  # two attempts, and half of the prefetch for one owner
        await under_way([target], 2)
        statistics = QueueStatistics(database, "alice")
        assert (await statistics.count_waiting("default"), await statistics.count_running("default")) == (7, 2)
        runs = [public_status(run) async for run in database.runs.find()]
        assert (runs.count(RunStatus.QUEUED), runs.count(RunStatus.RUNNING)) == (7, 2)
        target.release.set()
        await wait_until(lambda: settled(database, 9))


@pytest.mark.parametrize("name", ["", "Default", "a b", "x" * 51])
async def test_a_queue_has_a_plain_name(database: Database, name: str) -> None:
    with pytest.raises(Exception, match="queue's name"):
        await queues.update_queue(database, name, {}, clock.now())


async def test_a_task_of_no_queue_is_refused_and_gets_the_priority_of_its_own(database: Database) -> None:
    every = schedules.Every(timedelta(days=1), clock.now() + timedelta(days=1))
    job: JobDocument = {"kind": "http", "params": {"url": "https://example.com"}}
    with pytest.raises(Exception, match=r"There is no queue 'fast'\. Existing queues: default"):
        await saving.create_task(database, "alice", TaskDraft("x", job, every, queue="fast"), clock.now())
    await queues.update_queue(database, "fast", {"priority": 7}, clock.now())
    task: Task = await saving.create_task(database, "alice", TaskDraft("x", job, every, queue="fast"), clock.now())
    assert (task.queue, task.priority) == ("fast", 7)
