"""The recorded changes, beside the change stream of the database: nothing that it reports lacks a record."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.harness import Stack, TargetServer, run_stack, save_task, wait_until
from tests.tasks.helpers import save_hourly_task
from tests.workflows.samples import step, workflow
from tocsin import clock, schedules
from tocsin.cancellation import cancel_and_wait
from tocsin.documents import Change, Database, Hold, Overlap, is_workflow_run_id, parent_of
from tocsin.documents.states import RunStatus
from tocsin.tasks import lifecycle, saving
from tocsin.tasks import runs as task_runs
from tocsin.tasks.retry_policy import RetryPolicy
from tocsin.workflows import control

Seen = tuple[str, str]
"""An ID, and a status that it was given."""


@dataclass
class Comparison:
    """What the stream reported, and what was recorded: statuses of runs, workflow runs and steps; edits of tasks."""

    stored: set[Seen] = field(default_factory=set)
    recorded: set[Seen] = field(default_factory=set)
    last_task_status: dict[str, str] = field(default_factory=dict)
    derived: set[str] = field(default_factory=set)
    has_ended: bool = False

    def add_event(self, event: Any) -> None:
        """Note an event of the stream."""
        name, document_id = event["ns"]["coll"], event.get("documentKey", {}).get("_id")
        fields = event.get("updateDescription", {}).get("updatedFields") or event.get("fullDocument") or {}
        self.has_ended = self.has_ended or name == "end"
        if name == "tasks" and "status" in fields:
            self.last_task_status[document_id] = fields["status"]
        if name == "tasks" and fields.get("hold") == Hold.DELETED:
            self.stored.add((document_id, "TASK_DELETED"))
        if name == "workflow_runs" and "status" in fields:
            self.stored.add((document_id, fields["status"]))
        if name == "runs":
            self._add_run(document_id, fields)

    def _add_run(self, run_id: str, fields: Any) -> None:
        status = fields.get("status")
        if status == "RUNNING" and fields.get("begun") is False:
            status = None
        if status is None and fields.get("begun"):
            status = "RUNNING"
        if fields.get("cancel_requested_at") is not None:
            status = status or "CANCEL"
        is_step = is_workflow_run_id(parent_of(run_id))
        if status is not None and not (is_step and status in ("RUNNING", "CANCEL", "QUEUED")):
            self.stored.add((run_id, status))

    def add_recorded(self, changes: Any) -> None:
        """Note recorded changes."""
        for change in changes:
            if isinstance(change, Change):
                self._add_change(change)

    def _add_change(self, change: Change) -> None:
        status = change.run_status or change.workflow_status
        subject = change.run_id or change.workflow_run_id or change.task_id or ""
        if status is not None:
            self.recorded.add((subject, status.value))
        if change.cancel_requested:
            self.recorded.add((subject, "CANCEL"))
        if change.is_derived or change.task_status is not None:
            self.derived.add(change.task_id or "")
        if change.kind.value == "TASK_DELETED":
            self.recorded.add((subject, "TASK_DELETED"))


@asynccontextmanager
async def compared(database: Database) -> AsyncIterator[Comparison]:
    """Compare everything that happens in the block."""
    comparison = Comparison()
    stream = await database.db.watch(max_await_time_ms=100)

    async def read() -> None:
        async for event in stream:
            comparison.add_event(event)

    reading = asyncio.create_task(read())
    with database.changes.recorded.connected(comparison.add_recorded):
        yield comparison

        await database.db["end"].insert_one({})  # its event follows all others

        async def is_complete() -> bool:
            missing = comparison.stored - comparison.recorded
            return comparison.has_ended and not missing and comparison.last_task_status.keys() <= comparison.derived

        with suppress(AssertionError):
            await wait_until(is_complete)
    await cancel_and_wait(reading)
    await stream.close()
    assert comparison.stored - comparison.recorded == set()
    assert comparison.last_task_status.keys() - comparison.derived == set()
    assert comparison.stored, "nothing happened"


def statuses_of(comparison: Comparison, subject: str) -> set[str]:
    return {status for found, status in comparison.stored if found == subject}


async def test_runs_that_succeed_retry_and_fail(stack: Stack, target: TargetServer) -> None:
    target.script = [200, 500, 404]
    async with compared(stack.database) as seen:
        policy = RetryPolicy(1, (timedelta(milliseconds=20),))
        for status in ("COMPLETED", "FAILED"):
            task = await save_task(stack.database, target.url, retry=policy)
            stack.scheduler.expect_due(task.next_run_at)
            await stack.wait_for_task(task.id, status)
        (run,) = await stack.runs(task.id)
        again = await task_runs.retry_run(stack.database, "alice", run["_id"], clock.now(), None)
        await stack.wait_for_runs(task.id, "COMPLETED")
    assert statuses_of(seen, again.id) >= {"RETRY", "FAILED", "QUEUED", "COMPLETED"}


async def test_a_task_that_pauses_itself(stack: Stack, target: TargetServer) -> None:
    target.script = [404, 404]
    async with compared(stack.database) as seen:
        every = schedules.Every(timedelta(seconds=1), clock.now())
        task = await save_task(stack.database, target.url, every, retry=RetryPolicy(0), pause_after=2)
        stack.scheduler.expect_due(task.next_run_at)
        await stack.wait_for_task(task.id, "PAUSED")
    assert seen.last_task_status[task.id] == "PAUSED"


async def test_actions_of_the_owner(stack: Stack, target: TargetServer) -> None:
    async with compared(stack.database) as seen:
        start = clock.now()
        each = schedules.Every(timedelta(seconds=1), start)
        task = await save_task(stack.database, f"{target.url}/wait", each, overlap=Overlap.QUEUE)
        stack.scheduler.expect_due(start)

        async def one_runs_and_one_waits() -> bool:
            return sorted(run["status"] for run in await stack.runs(task.id))[:2] == ["QUEUED", "RUNNING"]

        await wait_until(one_runs_and_one_waits)
        await saving.update_task(stack.database, "alice", task.id, {"name": "other"}, clock.now())
        await lifecycle.pause_task(stack.database, "alice", task.id, clock.now())
        running = next(run for run in await stack.runs(task.id) if run["status"] == "RUNNING")
        await task_runs.cancel_run(stack.database, "alice", running["_id"], clock.now())
        await stack.wait_for_task(task.id, "PAUSED")
        await lifecycle.resume_task(stack.database, "alice", task.id, clock.now())
        by_hand = await task_runs.run_task_now(stack.database, "alice", task.id, clock.now(), None)
        await lifecycle.delete_task(stack.database, "alice", task.id, clock.now())

        async def all_ended() -> bool:
            return not any(run["open"] for run in await stack.runs(task.id))

        await wait_until(all_ended)
    assert "CANCELLED" in statuses_of(seen, by_hand.id)
    assert "CANCEL" in statuses_of(seen, running["_id"])
    assert statuses_of(seen, task.id) == {"TASK_DELETED"}


async def test_a_workflow_that_fails_is_resumed_and_cancelled(stack: Stack, target: TargetServer) -> None:
    target.script = [200, 500]
    steps = [step("a", target.url), step("b", target.url, dependsOn=["a"]), step("c", target.url, dependsOn=["b"])]
    steps.append(step("d", f"{target.url}/wait", dependsOn=["c"]))
    await stack.save_workflow(workflow(*steps))
    async with compared(stack.database) as seen:
        run_id = await stack.execute("w")
        stack.wakeups.workflow_run_changed(run_id)
        await stack.wait_for_workflow_run(run_id, "FAILED")
        await control.resume_workflow_run(stack.database, stack.versions, "alice", run_id, None, clock.now())
        stack.wakeups.workflow_run_changed(run_id)

        async def is_running() -> bool:
            status: object = (await stack.run(f"{run_id}:d")).get("status")
            return status == "RUNNING"

        await wait_until(is_running)
        await control.cancel_workflow_run(stack.database, "alice", run_id, clock.now())
        stack.wakeups.workflow_run_changed(run_id)
        await stack.wait_for_workflow_run(run_id, "CANCELLED")
    assert statuses_of(seen, run_id) >= {"PENDING", "RUNNING", "FAILED", "CANCELLED"}


async def test_a_process_that_stops_in_the_middle_of_work(database: Database, target: TargetServer) -> None:
    async with compared(database) as seen:
        async with run_stack(database, shutdown_grace=0) as first:
            task = await save_task(database, f"{target.url}/wait")
            first.scheduler.expect_due(task.next_run_at)
            await first.wait_for_runs(task.id, "RUNNING")
        target.release.set()
        async with run_stack(database) as second:
            (run,) = await second.wait_for_runs(task.id, "COMPLETED")
    assert statuses_of(seen, run["_id"]) >= {"RUNNING", "QUEUED", "COMPLETED"}


async def test_an_hourly_task_has_only_its_creation(database: Database) -> None:
    recorded: list[Any] = []
    log = database.changes
    with log.recorded.connected(recorded.extend):
        log.open(asyncio.get_running_loop())
        task = await save_hourly_task(database)
        await asyncio.sleep(0)
        log.close()
    assert [(change.kind.value, change.task_id, change.due_at) for change in recorded] == [
        ("TASK_CREATED", task.id, task.next_run_at)
    ]
    assert RunStatus.QUEUED not in {change.run_status for change in recorded}
