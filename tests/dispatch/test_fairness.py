"""No owner occupies all workers, and a run is RUNNING only once its attempt has started. Over real sockets."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.harness import Stack, TargetServer, run_stack, save_task, serve_target, wait_until
from tocsin import clock, schedules
from tocsin.dispatch.claims import count_queued
from tocsin.documents import Database, RunStatus, Trigger, WaitingFor, public_status
from tocsin.tasks import lifecycle, queues
from tocsin.tasks import runs as task_runs

DEFAULTS: dict[str, Any] = {"max_concurrency": 100, "wait_timeout": 10, "max_retries": 0, "shutdown_grace": 0}
FIVE_MINUTES = 300.0


@asynccontextmanager
async def serve_targets(count: int) -> AsyncIterator[list[TargetServer]]:
    """Serve `count` targets, each on its own port."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(serve_target()) for _ in range(count)]


async def hang(database: Database, targets: list[TargetServer], count: int, owner: str, **changes: Any) -> None:
    """Start runs of one owner that wait at these targets until they respond."""
    now, far = clock.now(), schedules.Every(timedelta(days=365), clock.now() + timedelta(days=1))
    changes = {"timeout": FIVE_MINUTES, **changes}
    for index, target in enumerate(targets):
        task = await save_task(database, f"{target.url}/wait", far, owner=owner, **changes)
        document = await database.tasks.find_one({"_id": task.id})
        assert document is not None
        numbers = range(count // len(targets) + (index < count % len(targets)))
        runs = [
            task_runs.new_task_run(document, f"{task.id}:m{number}", now, Trigger.MANUAL, now) for number in numbers
        ]
        await database.runs.insert_many(runs)


async def under_way(targets: list[TargetServer], count: int) -> None:
    async def reached() -> bool:
        return sum(len(target.calls) for target in targets) >= count

    await wait_until(reached)


async def calls_on_time(stack: Stack, url: str, times: int = 3, owner: str = "bob") -> None:
    """Check that another owner's task, due every second, runs each time at its due time."""
    task = await save_task(stack.database, url, schedules.Every(timedelta(seconds=1), clock.now()), owner=owner)

    async def called() -> list[Any]:
        runs = [run for run in await stack.runs(task.id) if run["status"] == "COMPLETED"]
        return runs if len(runs) >= times else []

    runs = await wait_until(called, 30)
    dues = [run["due_at"] for run in runs]
    assert dues == [dues[0] + timedelta(seconds=number) for number in range(len(dues))]
    assert all(run["trigger"] == "SCHEDULE" for run in runs)


@pytest.mark.parametrize("more", [{}, {"priority": 10}, {"queue": "mine"}], ids=["plain", "priority", "queue"])
async def test_hanging_tasks_of_one_owner_over_many_hosts_leave_places_for_others(
    database: Database, more: dict[str, Any]
) -> None:
    await queues.update_queue(database, "mine", {"concurrency": 100}, clock.now())
    async with serve_targets(8) as slow, serve_target() as quick, run_stack(database, **DEFAULTS) as stack:
        await hang(database, slow, 120, "alice", **more)
        stack.wakeups.runs_queued()
        await under_way(slow, 50)
        await calls_on_time(stack, quick.url)
        assert sum(len(target.calls) for target in slow) == 50
        runs = await database.runs.find({"owner": "alice"}).to_list()
        told = [public_status(run) for run in runs]
        assert (told.count(RunStatus.RUNNING), told.count(RunStatus.QUEUED)) == (50, 70)
        waiting = [run for run in runs if public_status(run) is RunStatus.QUEUED]
        reasons = {(found := stack.engine.find_wait_reason(run)) and found.waiting_for for run in waiting}
        assert reasons == {WaitingFor.OWNER_SHARE}
        assert {run.get("started_at") for run in waiting} == {None}
        assert await count_queued(database) == 70


async def test_several_hostile_owners_leave_a_place_for_the_next(database: Database) -> None:
    async with serve_targets(3) as slow, serve_target() as quick, run_stack(database, **DEFAULTS) as stack:
        for number, target in enumerate(slow):
            await hang(database, [target], 120, f"hostile-{number}")
        stack.wakeups.runs_queued()
        await under_way(slow, 75)  # half of the places of each host
        await calls_on_time(stack, quick.url)


async def test_a_host_that_one_owner_keeps_busy_can_be_called_by_another(database: Database) -> None:
    async with serve_target() as target, run_stack(database, **DEFAULTS) as stack:
        await hang(database, [target], 120, "alice")
        stack.wakeups.runs_queued()
        await under_way([target], 25)
        await calls_on_time(stack, f"{target.url}/quick")


async def test_short_attempts_may_borrow_what_is_free_but_a_quarter(database: Database) -> None:
    async with serve_targets(8) as targets, run_stack(database, **DEFAULTS) as stack:
        await hang(database, targets, 120, "alice", timeout=None)
        stack.wakeups.runs_queued()
        await under_way(targets, 75)
        await calls_on_time(stack, f"{targets[0].url}/quick", 1)
        assert sum(len(target.calls) for target in targets) <= 76 + 2  # plus Bob's


async def burst(stack: Stack, target: TargetServer, count: int, due_at: datetime) -> list[Any]:
    """Make tasks of one owner that are due now and wait at this target. Return their runs once stored."""
    for number in range(count):
        await save_task(stack.database, f"{target.url}/wait", schedules.Once(due_at), name=f"task {number}")

    async def written() -> list[Any]:
        runs = await stack.database.runs.find({}).to_list()
        return runs if len(runs) == count else []

    found: list[Any] = await wait_until(written)
    return found


async def test_a_claimed_run_is_queued_until_its_attempt_starts(database: Database, target: TargetServer) -> None:
    async with run_stack(database, max_concurrency=4, wait_timeout=300) as stack:
        await burst(stack, target, 6, clock.now() + timedelta(seconds=0.5))
        await under_way([target], 2)
        called = set(target.run_ids())
        told = {run["_id"]: public_status(run) for run in await database.runs.find({}).to_list()}
        assert list(told.values()).count(RunStatus.QUEUED) == 4
        assert list(told.values()).count(RunStatus.RUNNING) == 2 == len(called)
        tasks = await database.tasks.find({}).to_list()
        assert sorted(task["status"] for task in tasks) == ["PENDING"] * 4 + ["RUNNING"] * 2

        async def left_to_the_queue() -> bool:
            return not await database.runs.count_documents({"status": "RUNNING", "begun": False})

        await wait_until(left_to_the_queue)
        assert len(target.calls) == 2
        waiting = await database.runs.find({"status": "QUEUED"}).to_list()
        assert [(run["attempts"], run["started_at"]) for run in waiting] == [([], None)] * 4
        opened_at = clock.now()
        target.release.set()

        async def all_done() -> bool:
            return await database.runs.count_documents({"status": "COMPLETED"}) == 6

        await wait_until(all_done)
        late = await database.runs.find({"_id": {"$in": [run["_id"] for run in waiting]}}).to_list()
        assert all(run["attempts"][0]["started_at"] >= opened_at for run in late)
        assert all(run["started_at"] == run["attempts"][0]["started_at"] for run in late)


async def test_a_run_that_starts_after_others_says_so_while_it_runs(database: Database, target: TargetServer) -> None:
    async with run_stack(database, max_concurrency=1, wait_timeout=300) as stack:
        runs = await burst(stack, target, 2, clock.now() + timedelta(seconds=0.3))
        await under_way([target], 1)
        (first,) = target.run_ids()
        (second,) = {run["_id"] for run in runs} - {first}
        opened_at = clock.now()
        target.release.set()
        await stack.wait_for_task(second.partition(":")[0], "COMPLETED")
        run = await stack.run(second)
        assert run["started_at"] >= opened_at
        assert (run["status"], len(run["attempts"])) == ("COMPLETED", 1)


async def test_a_waiting_run_of_a_paused_or_cancelled_task_never_starts(
    database: Database, target: TargetServer
) -> None:
    async with run_stack(database, max_concurrency=1, wait_timeout=300) as stack:
        runs = await burst(stack, target, 3, clock.now() + timedelta(seconds=0.3))
        await under_way([target], 1)
        paused, cancelled = sorted({run["_id"] for run in runs} - set(target.run_ids()))
        await lifecycle.pause_task(database, "alice", paused.partition(":")[0], clock.now())
        await task_runs.cancel_run(database, "alice", cancelled, clock.now())

        async def both() -> bool:
            found = [await stack.run(run_id) for run_id in (paused, cancelled)]
            return [run["status"] for run in found] == ["CANCELLED"] * 2

        await wait_until(both)
        target.release.set()
        await stack.wait_for_task(target.run_ids()[0].partition(":")[0], "COMPLETED")
        assert len(target.calls) == 1
        assert (await stack.run(paused))["reason"] == "TASK_PAUSED"
        assert (await stack.run(cancelled))["attempts"] == []


async def test_places_are_shared_in_each_process(database: Database) -> None:
    shared = {**DEFAULTS, "max_concurrency": 10, "mongodb_uri": "mongodb://x", "jwt_secret": "j" * 32}
    shared["encryption_key"] = "A" * 43 + "="
    async with (
        serve_targets(4) as slow,
        serve_target() as quick,
        run_stack(database, **shared) as one,
        run_stack(database, **shared) as two,
    ):
        await hang(database, slow, 40, "alice")
        for stack in (one, two):
            await stack.engine.settings_sync.sync()
            stack.wakeups.runs_queued()
        await under_way(slow, 10)
        await calls_on_time(one, quick.url)
        assert sum(len(target.calls) for target in slow) == 10
