"""Workflows whose owner has used up a quota: due times become MISSED runs, and steps wait."""

from datetime import timedelta
from typing import Any

import pytest

from tests.harness import TargetServer, run_stack
from tests.workflows.samples import require, step, workflow
from tocsin import clock
from tocsin.documents import Database, User
from tocsin.quotas import Quota
from tocsin.workflows.engine.scheduler import WorkflowScheduler


async def _alice() -> User:
    return await User(id="alice", email="alice@example.com", password="-", created_at=clock.now()).insert()


async def test_due_times_are_missed_by_one_run_and_go_on_when_the_quota_is_lifted(
    database: Database, target: TargetServer
) -> None:
    await _alice()
    async with run_stack(database, schedule=False, quota_runs_per_day=1) as stack:
        every = {"every": {"interval": "PT1S"}}
        saved = await stack.save_workflow(workflow(step("a", target.url), schedule=every))
        meter, due = stack.quotas.meter, saved["next_run_at"]
        scheduler = WorkflowScheduler(database, stack.versions, meter=meter)
        assert len(await scheduler.fire_due(due)) == 1
        assert await scheduler.fire_due(due + timedelta(seconds=1)) == []
        passed = require(await database.workflows.find_one({"_id": saved["_id"]}))
        (missed,) = await database.workflow_runs.find({"status": "MISSED"}).to_list()
        assert (missed["reason"], missed["open"]) == ("QUOTA", False)
        assert (missed["missed_count"] or 0) > 800
        assert missed["missed_until"] == passed["last_due_at"]
        assert require(passed["last_due_at"]) < (next_due := require(passed["next_run_at"]))
        stack.quotas.limits.set_override("alice", {"RUNS_PER_DAY": 0})
        assert len(await scheduler.fire_due(next_due)) == 1


async def test_a_due_time_that_was_recorded_as_missed_before_a_crash_is_recorded_once(
    database: Database, target: TargetServer
) -> None:
    await _alice()
    async with run_stack(database, schedule=False, quota_runs_per_day=1) as stack:
        every = {"every": {"interval": "PT1S"}}
        saved = await stack.save_workflow(workflow(step("a", target.url), schedule=every))
        due = saved["next_run_at"]
        stack.quotas.meter.consume_runs("alice", 1, due)
        scheduler = WorkflowScheduler(database, stack.versions, meter=stack.quotas.meter)
        await scheduler.fire_due(due)
        passed = require(await database.workflows.find_one({"_id": saved["_id"]}))
        undone = {"next_run_at": due, "last_due_at": None}
        await database.workflows.update_one({"_id": saved["_id"]}, {"$set": undone})
        await scheduler.fire_due(due)
        assert require(await database.workflows.find_one({"_id": saved["_id"]}))["next_run_at"] == passed["next_run_at"]
        assert await database.workflow_runs.count_documents({}) == 1


async def test_steps_wait_for_the_quota_and_count_in_it(database: Database, target: TargetServer) -> None:
    await _alice()
    async with run_stack(database, schedule=False, quota_runs_per_day=1) as stack:
        await stack.save_workflow(workflow(step("a", target.url), step("b", target.url)))
        quotas = stack.quotas
        quotas.meter.consume_runs("alice", 1, clock.now())
        run_id = await stack.execute("w")
        await stack.make_runner().advance(run_id)
        assert await database.runs.count_documents({}) == 0
        assert require(await database.workflow_runs.find_one({"_id": run_id}))["open"]
        quotas.limits.set_override("alice", {"RUNS_PER_DAY": 100})
        stack.workflows.start()
        stack.workflows.request_advance(run_id)
        await stack.wait_for_workflow_run(run_id, "COMPLETED")
        assert quotas.meter.get_usage("alice", Quota.RUNS_PER_DAY, clock.now()) == 3
        assert quotas.meter.drain_refusals() == {"alice": {Quota.RUNS_PER_DAY}}


async def test_a_step_is_counted_once_if_the_workflow_run_is_changed_while_it_is_planned(
    database: Database, target: TargetServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _alice()
    async with run_stack(database, schedule=False, quota_runs_per_day=2) as stack:
        await stack.save_workflow(workflow(step("a", target.url)))
        meter, run_id, runner = stack.quotas.meter, await stack.execute("w"), stack.make_runner()
        write = runner._write

        async def write_second(*args: Any) -> bool:
            await database.workflow_runs.update_one({"_id": run_id}, {"$inc": {"rev": 1}})
            return await write(*args)

        used = meter.get_usage("alice", Quota.RUNS_PER_DAY, clock.now())
        with monkeypatch.context() as patched:
            patched.setattr(runner, "_write", write_second)
            assert (await runner.advance(run_id)).has_more
        assert meter.get_usage("alice", Quota.RUNS_PER_DAY, clock.now()) == used
        await runner.advance(run_id)
        assert meter.get_usage("alice", Quota.RUNS_PER_DAY, clock.now()) == used + 1
