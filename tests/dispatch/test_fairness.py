"""No owner occupies all workers. Over real sockets."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from tests.dispatch.helpers import under_way
from tests.harness import Stack, TargetServer, run_stack, save_task, serve_target, wait_until
from tocsin import clock, schedules
from tocsin.dispatch.claims import count_queued
from tocsin.documents import Database, RunStatus, Trigger, WaitingFor, public_status
from tocsin.tasks import queues
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
        shown = [public_status(run) for run in runs]
        assert (shown.count(RunStatus.RUNNING), shown.count(RunStatus.QUEUED)) == (50, 70)
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


async def test_each_process_shares_its_places(database: Database) -> None:
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
