"""A run is RUNNING only once its attempt has started, although it was claimed before. Over real sockets."""

import asyncio
import time
from datetime import datetime, timedelta
from typing import Any

from tests.dispatch.helpers import under_way
from tests.harness import Stack, TargetServer, run_stack, save_task, wait_until
from tests.tasks.helpers import add_run, load_run, load_task, save_hourly_task
from tocsin import clock, schedules
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.limiter import RunLimiter
from tocsin.dispatch.ready_queue import ClaimedRun
from tocsin.documents import Database, DeferredRun, RunStatus, public_status
from tocsin.execution.start_recorder import StartRecorder
from tocsin.scheduling.task_advance import TaskAdvance
from tocsin.tasks import lifecycle
from tocsin.tasks import runs as task_runs
from tocsin.wakeups import Wakeups


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
        shown = {run["_id"]: public_status(run) for run in await database.runs.find({}).to_list()}
        assert list(shown.values()).count(RunStatus.QUEUED) == 4
        assert list(shown.values()).count(RunStatus.RUNNING) == 2 == len(called)
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


# --- what is written, and when --------------------------------------------------------------------------------------


async def claimed_run(database: Database) -> tuple[StartRecorder, InFlightRuns, ClaimedRun]:
    """Return a recorder and the claim of a stored run that was prefetched."""
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, RunStatus.RUNNING, begun=False, started_at=None)
    in_flight = InFlightRuns("w", 10, RunLimiter())
    in_flight.reserve(1)
    in_flight.add([await load_run(database, run_id)])
    return StartRecorder(database, in_flight, Wakeups()), in_flight, in_flight.runs[run_id]


async def test_the_start_of_an_attempt_under_way_is_stored_with_its_time(database: Database) -> None:
    recorder, _, claimed = await claimed_run(database)
    claimed.attempt_task, claimed.started_at = asyncio.current_task(), clock.now()
    recorder.record_start(claimed)
    await recorder.write()
    run = await load_run(database, claimed.run["_id"])
    assert (run["begun"], run["started_at"]) == (True, claimed.started_at)
    assert run["attempts"] == [claimed.run["attempts"][0] | {"started_at": claimed.started_at}]
    assert (await load_task(database, run["task"]))["status"] == "RUNNING"


async def test_an_attempt_that_has_ended_is_left_to_its_outcome(database: Database) -> None:
    recorder, _, claimed = await claimed_run(database)
    recorder.record_start(claimed)  # its task is none any more
    before = await load_run(database, claimed.run["_id"])
    await recorder.write()
    assert await load_run(database, claimed.run["_id"]) == before


async def test_the_start_of_an_earlier_claim_is_not_stored(database: Database) -> None:
    recorder, _, claimed = await claimed_run(database)
    claimed.attempt_task, claimed.started_at = asyncio.current_task(), clock.now()
    recorder.record_start(claimed)
    await database.runs.update_one({"_id": claimed.run["_id"]}, {"$set": {"fence": 2}})
    before = await load_run(database, claimed.run["_id"])
    await recorder.write()
    assert await load_run(database, claimed.run["_id"]) == before


async def test_a_withdrawn_run_is_queued_again_and_frees_its_place(database: Database) -> None:
    recorder, in_flight, claimed = await claimed_run(database)
    recorder.withdraw(claimed)
    recorder.withdraw(claimed)
    await recorder.write()
    run = await load_run(database, claimed.run["_id"])
    assert (run["status"], run["attempts"], run["worker"]) == ("QUEUED", [], None)
    assert (in_flight.runs, in_flight.reserve(99)) == ({}, 10)


async def test_a_started_run_cannot_be_withdrawn(database: Database) -> None:
    recorder, in_flight, claimed = await claimed_run(database)
    assert await in_flight.ready_queue.get() is claimed
    recorder.withdraw(claimed)
    await recorder.write()
    assert (await load_run(database, claimed.run["_id"]))["status"] == "RUNNING"


async def test_a_deferred_run_is_written_when_it_is_late_unless_its_outcome_is_about_to_be(database: Database) -> None:
    recorder, _, claimed = await claimed_run(database)
    run = claimed.run
    await database.runs.delete_one({"_id": run["_id"]})
    unmoved = TaskAdvance(clock.EPOCH, 1, None, None, (), ())  # its task is not due at that time
    late = DeferredRun(run, lambda _run: (run["task"], unmoved), None, "record", time.monotonic() - 60)
    database.deferred.add([late])
    claimed.started_at = clock.now()  # its task is none any more: it has ended
    await recorder.write()
    assert await database.runs.count_documents({}) == 0
    claimed.attempt_task = asyncio.current_task()
    await recorder.write()
    assert await database.runs.count_documents({"_id": run["_id"]}) == 1
    assert len(database.deferred) == 0
