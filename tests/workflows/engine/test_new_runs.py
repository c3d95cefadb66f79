"""A new workflow run has the fields of its workflow and trigger, and is inserted only once."""

from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.workflows.engine.world import T0, define
from tocsin.clock import MILLISECOND
from tocsin.documents import Database, Trigger, WorkflowDocument, WorkflowRunReason, WorkflowRunStatus
from tocsin.schedules import Every, Gap, schedule_to_document
from tocsin.workflows.engine.new_runs import NewWorkflowRun, insert_workflow_run, new_workflow_run

HOUR = timedelta(hours=1)
WORKFLOW: WorkflowDocument = {
    "_id": "alice/1", "owner": "alice", "name": "w", "name_key": "alice/w", "description": "", "version": 4,
    "digest": "", "overlap": "ALLOW", "schedule": schedule_to_document(Every(HOUR, T0)), "next_run_at": None,
    "last_due_at": None, "deleted": False, "created_at": T0, "updated_at": T0,
}  # fmt: skip


def build(new: NewWorkflowRun, given: Any = None, **fields: Any) -> Any:
    """Build a run of a workflow with two steps."""
    return new_workflow_run(WORKFLOW, define({"key": "a"}, {"key": "b"}, **fields), given or {}, new, T0 + HOUR)


def test_an_open_run_has_all_its_steps_before_it() -> None:
    run = build(NewWorkflowRun("alice/w1", Trigger.MANUAL, T0), {"x": [1, "é"]}, inputs={"x": {}})
    assert (run["status"], run["open"], run["finished_at"], run["rev"]) == ("PENDING", True, None, 0)
    assert (run["version"], run["total"], run["done"]) == (4, 2, 0)
    assert run["steps"] == {"a": {"status": "PENDING"}, "b": {"status": "PENDING"}}
    assert run["inputs"] == '{"x":[1,"é"]}'


def test_the_deadline_counts_from_the_due_time() -> None:
    new = NewWorkflowRun("alice/w1", Trigger.SCHEDULE, T0)
    assert build(new)["deadline_at"] is None
    assert build(new, timeout="PT30M")["deadline_at"] == T0 + HOUR / 2


@pytest.mark.parametrize(("trigger", "interval"), [(Trigger.SCHEDULE, HOUR // MILLISECOND), (Trigger.MANUAL, None)])
def test_retries_of_a_scheduled_run_have_to_fit_into_its_interval(trigger: Trigger, interval: int | None) -> None:
    assert build(NewWorkflowRun("alice/w1", trigger, T0))["interval_ms"] == interval


def test_a_missed_run_has_ended_and_covers_its_gap() -> None:
    missed, reason = WorkflowRunStatus.MISSED, WorkflowRunReason.MISFIRE
    run = build(NewWorkflowRun("alice/w1", Trigger.SCHEDULE, T0, missed, reason, Gap(T0, T0 + 2 * HOUR, 3)))
    assert (run["status"], run["reason"], run["open"], run["finished_at"]) == ("MISSED", "MISFIRE", False, T0 + HOUR)
    assert (run["missed_until"], run["missed_count"]) == (T0 + 2 * HOUR, 3)


async def test_the_first_write_of_a_run_stays(database: Database) -> None:
    first, second = (build(NewWorkflowRun("alice/w1", trigger, T0)) for trigger in (Trigger.SCHEDULE, Trigger.MANUAL))
    with capture_logs() as lines:
        assert await insert_workflow_run(database, first) is True
        assert await insert_workflow_run(database, second) is False
    stored = await database.workflow_runs.find({}).to_list()
    assert [run["trigger"] for run in stored] == ["SCHEDULE"]
    assert [line["event"] for line in lines] == ["workflow run pending"]
