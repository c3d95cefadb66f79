"""Events of workflow runs, for their owner."""

from datetime import UTC, datetime

import pytest

from tocsin.documents import StepStatus, WorkflowRunStatus
from tocsin.events import Change, ChangeKind
from tocsin.graphql import ids
from tocsin.graphql.workflows.events import WorkflowRunEventKind, to_workflow_run_event

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "event"),
    [
        (ChangeKind.SNAPSHOT, WorkflowRunEventKind.SNAPSHOT),
        (ChangeKind.RUN_CREATED, WorkflowRunEventKind.CREATED),
        (ChangeKind.RUN_UPDATED, WorkflowRunEventKind.UPDATED),
        (ChangeKind.TASK_UPDATED, WorkflowRunEventKind.UPDATED),
    ],
)
def test_a_change_has_a_kind_of_workflow_runs(change: ChangeKind, event: WorkflowRunEventKind) -> None:
    assert to_workflow_run_event(Change(change, AT), "alice").kind is event


def test_a_change_names_the_workflow_run_and_the_steps_that_changed() -> None:
    change = Change(
        ChangeKind.RUN_UPDATED,
        AT,
        workflow_run_id="alice/w1",
        workflow_status=WorkflowRunStatus.RUNNING,
        steps=(("a", StepStatus.COMPLETED), ("b", StepStatus.RUNNING)),
    )
    event = to_workflow_run_event(change, "alice")
    assert event.workflow_run_id == ids.encode_id("WorkflowRun", "alice/w1")
    assert (event.at, event.status) == (AT, WorkflowRunStatus.RUNNING)
    assert [(step.key, step.status) for step in event.steps] == [("a", "COMPLETED"), ("b", "RUNNING")]


def test_a_snapshot_of_all_names_no_workflow_run() -> None:
    event = to_workflow_run_event(Change(ChangeKind.SNAPSHOT, AT), "alice")
    assert (event.workflow_run_id, event.status, event.steps) == (None, None, [])
