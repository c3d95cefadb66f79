"""The engine advances what is requested, due or unfinished, and a flood of one owner holds up no other owner."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from tests.harness import run_stack, wait_until
from tocsin import clock
from tocsin.documents import Database
from tocsin.workflows.engine import engine
from tocsin.workflows.engine.engine import WorkflowEngine
from tocsin.workflows.engine.runner import AdvanceResult
from tocsin.workflows.engine.scheduler import WorkflowScheduler
from tocsin.workflows.engine.states import StepRunOutcome


class SlowRunner:
    """A slow runner that records what it advances."""

    def __init__(self) -> None:
        self.advanced: list[str] = []
        self.gate = asyncio.Event()

    async def advance(self, workflow_run: str, *, is_light: bool, outcomes: object) -> AdvanceResult:
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


class ScriptedRunner:
    """A runner that returns these results in turn, raises those that are errors, and records what it is asked.

    It abandons no run before it was asked as often as `refusals` is long: it returns or raises each of these first.
    """

    def __init__(self, *results: AdvanceResult | Exception, refusals: tuple[bool | Exception, ...] = ()) -> None:
        self._results, self._refusals = list(results), list(refusals)
        self.advanced: list[tuple[str, bool]] = []
        self.outcomes: list[list[str] | None] = []
        self.known: set[str] = set()
        self.abandoned: list[str] = []

    def knows(self, workflow_run: str) -> bool:
        return workflow_run in self.known

    async def advance(
        self, workflow_run: str, *, is_light: bool, outcomes: dict[str, StepRunOutcome] | None
    ) -> AdvanceResult:
        self.advanced.append((workflow_run, is_light))
        self.outcomes.append(None if outcomes is None else list(outcomes))
        result = self._results.pop(0) if self._results else AdvanceResult()
        if isinstance(result, Exception):
            raise result
        return result

    async def abandon(self, workflow_run: str) -> bool:
        self.abandoned.append(workflow_run)
        refusal = self._refusals.pop(0) if self._refusals else True
        if isinstance(refusal, Exception):
            raise refusal
        return refusal


@asynccontextmanager
async def engine_with(database: Database, runner: Any) -> AsyncIterator[WorkflowEngine]:
    """Start an engine with this runner, over a database without workflows."""
    async with run_stack(database, schedule=False) as stack:
        workflow_engine = WorkflowEngine(database, runner, WorkflowScheduler(database, stack.versions))
        workflow_engine.start()
        yield workflow_engine
        await workflow_engine.stop()


@pytest.mark.parametrize(
    ("result", "advanced"),
    [
        (AdvanceResult(has_more=True), [("a/w1", True), ("a/w1", True)]),
        (AdvanceResult(is_heavy=True), [("a/w1", True), ("a/w1", False)]),
        (AdvanceResult(next_run_id="a/w2"), [("a/w1", True), ("a/w2", True)]),
        (AdvanceResult(wake_at=clock.EPOCH), [("a/w1", True), ("a/w1", True)]),
        (ConnectionError("the database went away"), [("a/w1", True), ("a/w1", True)]),
    ],
)
async def test_an_advance_is_followed_by_what_its_result_asks_for(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    result: AdvanceResult | Exception,
    advanced: list[tuple[str, bool]],
) -> None:
    monkeypatch.setattr(engine, "_BACKOFF", 0.001)
    runner = ScriptedRunner(result)
    async with engine_with(database, runner) as workflow_engine:
        workflow_engine.request_advance("a/w1")
        await wait_until(lambda: _has(runner.advanced, 2))
    assert (runner.advanced, runner.abandoned) == (advanced, [])


async def test_an_advance_is_given_the_outcomes_unless_something_else_has_changed(database: Database) -> None:
    runner: Any = ScriptedRunner()
    async with run_stack(database, schedule=False) as stack:
        workflow_engine = WorkflowEngine(database, runner, WorkflowScheduler(database, stack.versions))
        for step, workflow_run in [("a", "a/w1"), ("b", "a/w1"), ("a", "a/w2")]:
            workflow_engine.report_step_run(step_run(step, workflow_run))
        workflow_engine.request_advance("a/w2")
        workflow_engine.report_step_run(step_run("a", "a/w3", "RETRY"))
        workflow_engine.start()
        await wait_until(lambda: _has(runner.advanced, 3))
        workflow_engine.report_step_run(step_run("c", "a/w2"))
        await wait_until(lambda: _has(runner.advanced, 4))
        await workflow_engine.stop()
    assert [run for run, _ in runner.advanced] == ["a/w1", "a/w2", "a/w3", "a/w2"]
    assert runner.outcomes == [["a/w1:a", "a/w1:b"], None, None, ["a/w2:c"]]


async def test_changes_in_the_database_advance_what_this_process_does_not_know(database: Database) -> None:
    runner = ScriptedRunner()
    runner.known = {"a/w1"}
    async with engine_with(database, runner) as workflow_engine:
        workflow_engine.request_start("a/w1")
        workflow_engine.request_start("a/w2")
        workflow_engine.report_step_run(step_run("a", "a/w3"))
        workflow_engine.hint_step_run("a/w3:a")
        workflow_engine.hint_step_run("a/w4:a")
        await wait_until(lambda: _has(runner.advanced, 3))
    assert [run for run, _ in runner.advanced] == ["a/w2", "a/w3", "a/w4"]
    assert runner.outcomes == [None, ["a/w3:a"], None]


def step_run(step: str, workflow_run: str, status: str = "COMPLETED") -> Any:
    """Return a stored run of a step."""
    fields = {"status": status, "round": 0, "finished_at": clock.EPOCH, "error": None}
    return {"_id": f"{workflow_run}:{step}", "task": workflow_run, **fields}


async def test_a_later_advance_is_left_to_the_sweep(database: Database) -> None:
    runner = ScriptedRunner(AdvanceResult(wake_at=clock.now() + timedelta(hours=1)))
    async with engine_with(database, runner) as workflow_engine:
        workflow_engine.request_advance("a/w1")
        await wait_until(lambda: _has(runner.advanced, 1))
        assert "a/w1" not in workflow_engine._timers._handles


async def test_a_success_between_failures_starts_their_count_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_BACKOFF", 0.001)
    monkeypatch.setattr(engine, "_MAX_FAILURES", 2)
    wrong, again = KeyError("a fault of ours"), AdvanceResult(has_more=True)
    runner = ScriptedRunner(wrong, again, wrong, again, wrong, wrong)
    async with engine_with(database, runner) as workflow_engine:
        workflow_engine.request_advance("a/w1")
        await wait_until(lambda: _has(runner.abandoned, 1))
    assert (len(runner.advanced), runner.abandoned) == (6, ["a/w1"])


@pytest.mark.parametrize("refusal", [False, KeyError("another fault of ours")])
async def test_a_run_that_could_not_be_abandoned_is_abandoned_at_the_next_failure(
    database: Database, monkeypatch: pytest.MonkeyPatch, refusal: bool | Exception
) -> None:
    monkeypatch.setattr(engine, "_BACKOFF", 0.001)
    monkeypatch.setattr(engine, "_MAX_FAILURES", 2)
    wrong = KeyError("a fault of ours")
    runner = ScriptedRunner(wrong, wrong, wrong, refusals=(refusal,))
    async with engine_with(database, runner) as workflow_engine:
        workflow_engine.request_advance("a/w1")
        await wait_until(lambda: _has(runner.abandoned, 2))
        assert (len(runner.advanced), workflow_engine._failures) == (3, {})


async def _has(found: list[Any], count: int) -> bool:
    return len(found) >= count
