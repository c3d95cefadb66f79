"""The events of ended workflow runs, reports and replays, as their causes make them."""

import pytest

from tests.notifications.outcome_samples import replay, report_run
from tests.notifications.samples import DUE, ENDED, failed_workflow_run
from tocsin.clock import epoch_milliseconds
from tocsin.documents import ReplayStatus
from tocsin.notifications.events import EventKind
from tocsin.notifications.outcome_events import ReplayEnded, ReportReady, WorkflowEnded
from tocsin.notifications.pages import REPLAYS_PAGE_PATH, run_page_path


@pytest.mark.parametrize("round_", [0, 2])
def test_each_round_of_a_workflow_run_has_its_own_end(round_: int) -> None:
    run = failed_workflow_run(round=round_)
    failed = WorkflowEnded.from_run(run, ["a"])
    done = WorkflowEnded.from_run(failed_workflow_run(round=round_, status="COMPLETED"), ["a"])
    assert (failed.kind, failed.id, list(failed.steps)) == (
        EventKind.WORKFLOW_FAILED, f"u1/w1-1795338000000:{round_}:failed", ["a"],
    )  # fmt: skip
    assert (done.kind, done.id, done.error, list(done.steps)) == (
        EventKind.WORKFLOW_FINISHED, f"u1/w1-1795338000000:{round_}:finished", None, [],
    )  # fmt: skip
    assert done.about == {
        "type": "WorkflowRuns", "id": "u1/1:workflowruns", "incident": epoch_milliseconds(DUE), "stage": 0,
        "subject_type": "Workflow", "subject": "u1/1",
    }  # fmt: skip


def test_a_report_leads_to_its_run_and_never_to_its_file() -> None:
    file = {"name": "a/b.csv", "size": 7, "url": "https://tocsin.example/files/secret"}
    event = ReportReady.from_run(report_run(round=1), {"file": file, "rows": 2})
    assert (event.id, event.page) == ("u1/t1:1795338000000:1:report", run_page_path("u1/t1:1795338000000"))
    assert (event.file_name, event.size, event.rows) == ("a/b.csv", 7, 2)
    assert "secret" not in repr(event)


def test_a_replay_has_one_end() -> None:
    event = ReplayEnded.from_replay(replay(reason="See https://x.example/?token=secret"), ENDED)
    assert (event.id, event.page, event.status) == ("u1/r1:replayed", REPLAYS_PAGE_PATH, ReplayStatus.COMPLETED)
    assert (event.skipped, event.reason) == (10, "See https://x.example/")
