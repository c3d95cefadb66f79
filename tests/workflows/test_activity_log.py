"""Log lines of workflows and their runs, with the IDs of the API."""

import pytest
from structlog.testing import capture_logs

from tests.harness import run_stack
from tests.workflows.samples import workflow
from tocsin import clock
from tocsin.documents import Database, WorkflowRunReason, WorkflowRunStatus, to_global_id
from tocsin.workflows import activity_log, control, saving

PAUSE = {"key": "pause", "wait": "PT1H"}


@pytest.mark.parametrize("status", WorkflowRunStatus)
def test_expected_states_of_workflow_runs_are_debug_lines_and_others_are_not(status: WorkflowRunStatus) -> None:
    with capture_logs() as lines:
        activity_log.log_workflow_run_status("alice/w1", status)
    is_expected = status in {WorkflowRunStatus.PENDING, WorkflowRunStatus.COMPLETED}
    assert lines == [
        {
            "event": f"workflow run {status.value.lower()}",
            "log_level": "debug" if is_expected else "info",
            "workflow_run_id": to_global_id("WorkflowRun", "alice/w1"),
        }
    ]


def test_a_reason_is_logged_where_there_is_one() -> None:
    with capture_logs() as lines:
        activity_log.log_workflow_run_status("alice/w1", WorkflowRunStatus.SKIPPED, WorkflowRunReason.OVERLAP)
    assert lines[0]["reason"] == "OVERLAP"


async def test_what_users_do_is_logged(database: Database) -> None:
    async with run_stack(database, schedule=False) as stack:  # nothing advances the run
        with capture_logs() as lines:
            saved = await stack.save_workflow(workflow(PAUSE))
            run_id = await stack.execute("w")
            await control.cancel_workflow_run(database, "alice", run_id, clock.now())
            await saving.delete_workflow(database, "alice", "w", clock.now())
    workflow_id = to_global_id("Workflow", saved["_id"])
    ours = [line for line in lines if line.get("workflow_id") == workflow_id]
    assert [(line["event"], line.get("version")) for line in ours] == [
        ("workflow saved", 1),
        ("workflow deleted", None),
    ]
    assert {line["user_id"] for line in ours} == {to_global_id("User", "alice")}
    of_run = [line["event"] for line in lines if line.get("workflow_run_id") == to_global_id("WorkflowRun", run_id)]
    assert of_run == ["workflow run pending", "workflow run requested", "workflow run cancel requested"]
