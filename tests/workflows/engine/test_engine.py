"""A flood of one owner's workflow runs holds up no other owner."""

import asyncio
from typing import Any

from tests.harness import run_stack, wait_until
from tocsin.documents import Database
from tocsin.workflows.engine import engine
from tocsin.workflows.engine.engine import WorkflowEngine
from tocsin.workflows.engine.runner import AdvanceResult
from tocsin.workflows.engine.scheduler import WorkflowScheduler


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


async def _has(found: list[str], count: int) -> bool:
    return len(found) >= count
