"""Reported outcomes are kept for the next advance, and only runs that nobody reports cause one by their hint."""

import asyncio
from typing import Any

import pytest

from tests.harness import wait_until
from tests.workflows.engine.world import T0
from tocsin.workflows.engine import step_reports
from tocsin.workflows.engine.states import StepRunOutcome
from tocsin.workflows.engine.step_reports import StepReports


def run(step: str, workflow_run: str = "alice/w1", status: str = "COMPLETED") -> Any:
    """Return a settled run of a step."""
    fields = {"status": status, "round": 1, "finished_at": T0, "error": None}
    return {"_id": f"{workflow_run}:{step}", "task": workflow_run, **fields}


def test_outcomes_are_taken_once_by_workflow_run() -> None:
    reports = StepReports(lambda _: None)
    for ended in (run("a"), run("b", status="FAILED"), run("a", "alice/w2")):
        reports.add(ended)
    assert reports.take("alice/w1") == {
        "alice/w1:a": StepRunOutcome("COMPLETED", 1, T0, None),  # type: ignore[arg-type]  # as stored
        "alice/w1:b": StepRunOutcome("FAILED", 1, T0, None),  # type: ignore[arg-type]
    }
    assert reports.take("alice/w1") == {}
    assert list(reports.take("alice/w2")) == ["alice/w2:a"]


async def test_only_a_run_that_is_not_reported_causes_an_advance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_reports, "HINT_DELAY", 0.01)
    found: list[str] = []
    reports = StepReports(found.append)
    reports.add(run("before"))
    for step, workflow_run in [("before", "alice/w1"), ("after", "alice/w1"), ("x", "alice/w2"), ("y", "alice/w2")]:
        reports.hint(f"{workflow_run}:{step}")
    reports.add(run("after"))
    reports.add(run("x", "alice/w2"))
    await wait_until(lambda: _checked(reports))
    assert found == ["alice/w2"]


async def test_a_report_is_forgotten_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_reports, "HINT_DELAY", 0.01)
    monkeypatch.setattr(step_reports, "_REMEMBERED", 0.05)
    found: list[str] = []
    reports = StepReports(found.append)
    reports.add(run("a"))
    await asyncio.sleep(0.06)
    reports.hint("alice/w1:a")  # it ended once more, elsewhere
    await wait_until(lambda: _checked(reports))
    assert found == ["alice/w1"]
    reports.add(run("b"))
    assert list(reports._reported) == ["alice/w1:b"]


async def _checked(reports: StepReports) -> bool:
    return not reports._hinted
