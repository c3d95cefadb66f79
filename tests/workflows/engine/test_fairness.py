"""A flood of due workflows, open workflow runs and waits of one owner holds up no other owner."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.harness import Stack, run_stack, wait_until
from tests.workflows.engine.test_runner import workflow
from tocsin import clock
from tocsin.documents import Database, User, owner_of
from tocsin.workflows.engine import engine, scheduler
from tocsin.workflows.engine.engine import WorkflowEngine
from tocsin.workflows.engine.runner import AdvanceResult
from tocsin.workflows.engine.scheduler import WorkflowScheduler

EACH_SECOND = {"every": {"interval": "PT1S"}}
PAUSE = {"key": "pause", "wait": "PT1H"}


async def due_workflow(stack: Stack, owner: str, ago: float, **fields: Any) -> str:
    """Insert a workflow of this owner that has been due for some seconds."""
    if await User.get(owner) is None:
        await User(id=owner, email=f"{owner}@example.com", password="", created_at=clock.now()).insert()
    saved = await stack.save_workflow(workflow(PAUSE, schedule=EACH_SECOND, **fields), owner)
    since = clock.now() - timedelta(seconds=ago)
    await stack.database.workflows.update_one({"_id": saved["_id"]}, {"$set": {"next_run_at": since}})
    return str(saved["_id"])


async def flood(stack: Stack, first: str, count: int) -> None:
    """Insert copies of mallory's workflow."""
    database = stack.database
    document = await database.workflows.find_one({"_id": first}) or {}
    version = await database.workflow_versions.find_one({"workflow": first}) or {}
    ids = [f"{first}{number}" for number in range(count)]
    names = [{"_id": each, "name_key": None, "name": "w"} for each in ids]
    await database.workflows.insert_many([document | name for name in names])
    versions = [version | {"_id": f"{each}@{version['version']}", "workflow": each} for each in ids]
    await database.workflow_versions.insert_many(versions)


async def test_due_workflows_of_owners_are_started_in_turn(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "SLICE", 10)
    async with run_stack(database, schedule=False) as stack:
        await flood(stack, await due_workflow(stack, "mallory", 10), 25)
        await due_workflow(stack, "alice", 1)
        scheduled = WorkflowScheduler(database, stack.versions)
        owners = [owner_of(run) for run in await scheduled.fire_due(clock.now())]
        assert "alice" in owners[:12]
        assert scheduled.has_more
        late = await due_workflow(stack, "bob", 0)
        assert owner_of(late) in [owner_of(run) for run in await scheduled.fire_due(clock.now())]


async def test_a_workflow_has_so_many_open_runs_at_most(database: Database) -> None:
    async with run_stack(database, schedule=False) as stack:
        saved = await due_workflow(stack, "alice", 5, overlap="QUEUE")
        scheduled = WorkflowScheduler(database, stack.versions, most_open=3)
        for seconds in range(5):
            await scheduled.fire_due(clock.now() + timedelta(seconds=seconds))
        found = await database.workflow_runs.find({"workflow": saved}).sort("due_at", 1).to_list()
    assert [(run["status"], run["reason"]) for run in found[:3]] == [("PENDING", None)] * 3
    assert {(run["status"], run["reason"]) for run in found[3:]} == {("SKIPPED", "OVERLAP_LIMIT")}


class SlowRunner:
    """A slow runner that records what it advances."""

    def __init__(self) -> None:
        self.advanced: list[str] = []
        self.gate = asyncio.Event()

    async def advance(self, workflow_run: str, *, is_light: bool) -> AdvanceResult:
        self.advanced.append(workflow_run)
        await self.gate.wait()
        await asyncio.sleep(0)
        return AdvanceResult()


async def test_one_owner_has_a_part_of_the_slots_and_others_are_next(database: Database) -> None:
    runner: Any = SlowRunner()
    async with run_stack(database, schedule=False) as stack:
        workflow_engine = WorkflowEngine(database, runner, WorkflowScheduler(database, stack.versions))
        for number in range(100):
            workflow_engine.request_advance(f"mallory/w{number}")
        workflow_engine.start()
        await wait_until(lambda: _has(runner.advanced, engine._OWNER_CONCURRENCY))
        workflow_engine.request_advance("alice/w1")
        await wait_until(lambda: _has(runner.advanced, engine._OWNER_CONCURRENCY + 1))
        assert runner.advanced[-1] == "alice/w1"
        workflow_engine.request_advance("alice/w1")  # while it is advanced: it is advanced once more afterwards
        runner.gate.set()
        await wait_until(lambda: _has(runner.advanced, 102))
        await workflow_engine.stop()
    assert runner.advanced.count("alice/w1") == 2
    assert runner.advanced.index("alice/w1", engine._OWNER_CONCURRENCY + 1) < 30


async def test_a_sweep_looks_at_a_part_of_what_one_owner_has_open_and_then_at_the_rest(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_MAX_SWEPT", 3)
    async with run_stack(database, schedule=False) as stack:
        ids = sorted([await stack.execute(await _saved(stack)) for _ in range(5)])
        workflow_engine, seen = (
            WorkflowEngine(database, stack.make_runner(), WorkflowScheduler(database, stack.versions)),
            list[list[str]](),
        )
        for _ in range(3):
            await workflow_engine._sweep_open()
            seen.append(sorted(key for key in ids if key in workflow_engine._light._waiting))
            workflow_engine._light._waiting.clear()
    assert [seen[0], seen[1]] == [ids[:3], sorted([*ids[3:], ids[0]])]
    assert set(seen[2]) == set(ids[1:4])


async def _saved(stack: Stack) -> str:
    saved = await stack.save_workflow(workflow(PAUSE))
    return str(saved["name"])


async def _has(found: list[str], count: int) -> bool:
    return len(found) >= count
