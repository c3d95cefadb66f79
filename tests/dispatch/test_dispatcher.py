"""The dispatcher over the real database, with real calls: turns, queues, hosts, circuits."""

import asyncio
import socket
from datetime import timedelta
from typing import Any

import pytest

from tests.harness import Stack, TargetServer, run_stack, wait_until
from tocsin import clock, schedules
from tocsin.dispatch.backlog import READY_RUNS
from tocsin.documents import Database, JobDocument, RunStatus, Task, Trigger, WaitingFor
from tocsin.tasks import queues, saving
from tocsin.tasks import runs as task_runs
from tocsin.tasks.saving import TaskDraft


async def queued(database: Database, url: str, count: int, owner: str = "alice", **more: Any) -> list[Any]:
    """Insert `count` queued runs of one task."""
    far = schedules.Every(timedelta(days=365), clock.now() + timedelta(days=1))
    job: JobDocument = {"kind": "http", "params": {"url": url, "method": "GET", "headers": []}}
    task = await saving.create_task(database, owner, TaskDraft(name=owner, job=job, schedule=far, **more), clock.now())
    document = await database.tasks.find_one({"_id": task.id})
    assert document is not None
    now = clock.now()
    runs = [
        task_runs.new_task_run(document, f"{task.id}:m{number:05}", now, Trigger.MANUAL, now) for number in range(count)
    ]
    await database.runs.insert_many(runs)
    return runs


async def settled(database: Database, count: int, status: str = "COMPLETED") -> bool:
    return bool(await database.runs.count_documents({"status": status}) >= count)


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


async def test_of_one_owner_a_higher_priority_goes_first(database: Database, target: TargetServer) -> None:
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
        assert await wait_until(lambda: _waits_for(stack, WaitingFor.HOST_LIMIT))
        await queued(database, target.url.replace("127.0.0.1", "127.0.0.2"), 1)  # where nothing listens
        stack.wakeups.runs_queued()
        await wait_until(lambda: settled(database, 1, "FAILED"))
        assert len(target.calls) == 2
        target.release.set()
        await wait_until(lambda: settled(database, 40))


async def _waits_for(stack: Stack, what: WaitingFor) -> bool:
    runs = await stack.database.runs.find(READY_RUNS).to_list()
    return any(
        (waiting := stack.engine.find_wait_reason(run)) is not None and waiting.waiting_for is what for run in runs
    )


async def test_a_circuit_opens_says_so_probes_with_one_and_closes(database: Database, target: TargetServer) -> None:
    target.script = [503] * 5
    async with run_stack(
        database, circuit_failures=3, circuit_seconds=1.0, max_concurrency=1, max_retries=9, retry_offsets="PT0S"
    ) as stack:
        runs = await queued(database, f"{target.url}/a", 6)
        stack.wakeups.runs_queued()
        assert await wait_until(lambda: _waits_for(stack, WaitingFor.CIRCUIT_OPEN))
        assert len(target.calls) == 3
        shown = [stack.engine.find_wait_reason(await stack.run(run["_id"])) for run in runs]
        texts = [waiting.text for waiting in shown if waiting and waiting.waiting_for is WaitingFor.CIRCUIT_OPEN]
        assert "3 attempts in a row to call 127.0.0.1:" in texts[0]
        assert "the last one with HTTP 503. No runs are sent there until" in texts[0]
        stored = await database.circuits.find_one({})
        assert stored is not None
        assert (stored["state"], stored["failures"], stored["owner"]) == ("OPEN", 3, "alice")

        async def seen(count: int) -> bool:
            return len(target.calls) >= count

        await wait_until(lambda: seen(4))  # the first probe, which is refused too
        again = await database.circuits.find_one({})
        assert again is not None
        assert again["seconds"] in (1.0, 2.0)
        await wait_until(lambda: settled(database, 6), 30)
        assert await database.circuits.find_one({}) is None
        assert len(target.calls) == 6 + 5


async def test_who_refuses_connections_is_left_alone_and_the_runs_say_so(database: Database) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        async with run_stack(
            database, circuit_failures=4, circuit_seconds=60, max_concurrency=1, max_retries=0
        ) as stack:
            await queued(database, url, 20)
            stack.wakeups.runs_queued()
            assert await wait_until(lambda: _waits_for(stack, WaitingFor.CIRCUIT_OPEN))
            await wait_until(lambda: settled(database, 4, "FAILED"))

            async def given_back() -> list[Any]:
                runs = await database.runs.find(READY_RUNS).to_list()
                return runs if len(runs) == 16 else []

            runs = await wait_until(given_back)
            assert await database.runs.count_documents({"status": "RUNNING"}) == 0
            waiting = stack.engine.find_wait_reason(runs[0])
            assert waiting is not None
            assert "4 attempts in a row" in waiting.text
            assert "the last one with CONNECT" in waiting.text


async def test_a_strangers_circuit_is_his_own(database: Database, target: TargetServer) -> None:
    target.script = [429] * 3
    async with run_stack(database, circuit_failures=3, circuit_seconds=60.0, max_concurrency=1, max_retries=0) as stack:
        await queued(database, f"{target.url}/a", 4)
        stack.wakeups.runs_queued()
        assert await wait_until(lambda: _waits_for(stack, WaitingFor.CIRCUIT_OPEN))
        await queued(database, f"{target.url}/b", 1, "bob")
        stack.wakeups.runs_queued()
        await wait_until(lambda: settled(database, 1))


async def test_a_restart_finds_the_circuit_where_it_was(database: Database, target: TargetServer) -> None:
    rules: dict[str, Any] = {"circuit_failures": 2, "circuit_seconds": 60.0, "max_concurrency": 1, "max_retries": 0}
    target.script = [503] * 2
    async with run_stack(database, **rules) as stack:
        await queued(database, f"{target.url}/a", 3)
        stack.wakeups.runs_queued()
        assert await wait_until(lambda: _waits_for(stack, WaitingFor.CIRCUIT_OPEN))

        async def stored() -> Any | None:
            return await database.circuits.find_one({"state": "OPEN"})

        before = await wait_until(stored)
    async with run_stack(database, **rules) as stack:
        assert await wait_until(lambda: _waits_for(stack, WaitingFor.CIRCUIT_OPEN))
        assert await database.circuits.find_one({}) == before
        assert len(target.calls) == 2


async def test_a_concurrency_of_one_and_of_a_thousand_both_behave(database: Database, target: TargetServer) -> None:
    for concurrency in (1, 1000):
        await database.runs.delete_many({})
        target.calls.clear()
        async with run_stack(database, max_concurrency=concurrency, host_concurrency=1000) as stack:
            await queued(database, target.url, 200)
            stack.wakeups.runs_queued()
            await wait_until(lambda: settled(database, 200), 30)
            assert len(set(target.run_ids())) == len(target.calls) == 200


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
