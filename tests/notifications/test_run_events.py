"""The events of failing tasks and workflows and of approvals, as their causes make them."""

from datetime import timedelta
from typing import Any

import pytest

from tests.notifications.samples import (
    ATTEMPT,
    DUE,
    ENDED,
    RETRY_AT,
    WORKFLOW_RUN,
    failed_run,
    failed_workflow_run,
    retried_run,
    retried_step_run,
)
from tocsin.documents import ErrorKind, StepDocument, StepStatus
from tocsin.notifications.events import EventKind
from tocsin.notifications.excerpts import ErrorExcerpt
from tocsin.notifications.pages import run_page_path
from tocsin.notifications.run_events import ApprovalRequested, TaskFailure, WorkflowFailure, incident_event_id


def about(type_name: str, subject: str, incident: int, stage: int) -> dict[str, Any]:
    return {"type": type_name, "id": subject, "incident": incident, "stage": stage}


def test_a_task_that_is_retried_began_failing() -> None:
    event = TaskFailure.from_run(retried_run(), DUE + timedelta(days=1))
    assert (event.kind, event.id) == (EventKind.BEGAN_FAILING, "u1/t1:3:began")
    assert (event.owner, event.run, event.page) == ("u1", "u1/t1:1795338000000", run_page_path("u1/t1:1795338000000"))
    assert event.about == about("Task", "u1/t1", 3, 0)
    assert (event.at, event.due_at, event.retry_at) == (ENDED, DUE, RETRY_AT)
    assert event.next_due == DUE + timedelta(days=1)
    assert (event.task_name, event.called) == ("Nightly backup", "POST https://api.example.org/backup")
    assert (event.error.message, event.attempts) == ("The server answered 503 Service Unavailable.", 1)


def test_a_run_that_failed_is_not_retried_whatever_was_planned() -> None:
    event = TaskFailure.from_run(failed_run(reason="RETRIES_USED_UP", finished_at=ENDED + timedelta(seconds=1)))
    assert (event.kind, event.id) == (EventKind.FAILED_FOR_GOOD, "u1/t1:3:failed")
    assert event.about == about("Task", "u1/t1", 3, 1)
    assert (event.retry_at, event.reason) == (None, "RETRIES_USED_UP")
    assert event.at == ENDED + timedelta(seconds=1)


def test_the_status_of_a_run_decides_about_its_event_though_no_time_of_a_retry_is_known() -> None:
    event = TaskFailure.from_run(retried_run(retry_at=None))
    assert (event.kind, event.id, event.retry_at) == (EventKind.BEGAN_FAILING, "u1/t1:3:began", None)
    assert event.about == about("Task", "u1/t1", 3, 0)


def test_runs_of_one_incident_share_an_id_and_a_run_outside_of_any_has_its_own() -> None:
    first = TaskFailure.from_run(retried_run())
    assert TaskFailure.from_run(retried_run(_id="u1/t1:2", due_at=ENDED)).id == first.id
    assert TaskFailure.from_run(retried_run(incident=4)).id != first.id
    alone = TaskFailure.from_run(retried_run(incident=None))
    assert (alone.id, alone.about) == ("u1/t1:1795338000000:began", None)


def test_the_last_attempt_has_the_call_and_the_error() -> None:
    last = {**ATTEMPT, "number": 2, "request": {"url": "https://example.org/moved?key=1"}}
    event = TaskFailure.from_run(failed_run(attempts=[{**ATTEMPT, "error": None}, last]))
    assert (event.called, event.attempts) == ("GET https://example.org/moved", 2)
    assert event.error.message == "The server answered 503 Service Unavailable."


def test_an_attempt_counts_by_its_number_where_earlier_ones_are_missing() -> None:
    assert TaskFailure.from_run(failed_run(attempts=[{**ATTEMPT, "number": 7}])).attempts == 7


def test_a_run_without_attempts_has_its_own_error_and_time() -> None:
    error = {"kind": "LOST", "message": "Nobody ran it.", "hint": None}
    event = TaskFailure.from_run(failed_run(attempts=[], error=error))
    assert (event.error, event.attempts, event.at) == (ErrorExcerpt("Nobody ran it.", "", ErrorKind.LOST), 0, DUE)
    assert event.called == "POST https://api.example.org/backup"


def test_a_job_that_calls_no_url_is_named() -> None:
    run = retried_run(job={"kind": "report", "params": {}}, attempts=[{**ATTEMPT, "request": None}])
    assert TaskFailure.from_run(run).called == "the job report"


def test_a_step_that_is_retried_is_the_beginning_of_an_incident_of_its_workflow() -> None:
    event = WorkflowFailure.from_step_run(WORKFLOW_RUN, retried_step_run())
    assert (event.kind, event.id) == (EventKind.BEGAN_FAILING, "u1/1:2:began")
    assert event.about == about("Workflow", "u1/1", 2, 0)
    assert (event.owner, event.run, event.page) == ("u1", WORKFLOW_RUN["_id"], run_page_path(WORKFLOW_RUN["_id"]))
    assert (event.workflow_name, event.steps, event.attempts) == ("Invoices", ["fetch"], 1)
    assert (event.at, event.retry_at) == (ENDED, RETRY_AT)
    assert event.error.message == "The server answered 503 Service Unavailable."


def test_a_workflow_run_that_failed_is_the_end_of_it() -> None:
    event = WorkflowFailure.from_run(failed_workflow_run(reason="TIMEOUT"), 5, ["a", "b"])
    assert (event.kind, event.id) == (EventKind.FAILED_FOR_GOOD, "u1/1:5:failed")
    assert event.about == about("Workflow", "u1/1", 5, 1)
    assert (event.steps, event.error.message, event.reason) == (["a", "b"], "The server answered 500.", "TIMEOUT")
    assert (event.at, event.retry_at) == (ENDED, None)


@pytest.mark.parametrize(("reminders", "is_reminder"), [(0, False), (2, True)])
def test_each_request_for_a_decision_and_each_reminder_of_it_is_an_event_of_its_own(
    reminders: int, is_reminder: bool
) -> None:
    state: StepDocument = {"status": StepStatus.WAITING, "round": 1, "message": "Pay?", "started_at": ENDED}
    event = ApprovalRequested.from_step(WORKFLOW_RUN, "ask", "u2", {**state, "reminders": reminders})
    request = "u1/w1-1795338000000:ask:1"
    assert (event.kind, event.id) == (EventKind.APPROVAL, f"{request}:{reminders}:u2")
    assert event.about == {**about("Approval", f"{request}:u2", 1, reminders), "step": "ask"}
    assert (event.owner, event.run, event.at) == ("u2", "u1/w1-1795338000000", ENDED)
    assert event.page == run_page_path("u1/w1-1795338000000")
    assert (event.name, event.message, event.is_reminder) == ("Invoices / ask", "Pay?", is_reminder)


def test_the_stages_of_an_incident_have_names() -> None:
    assert [incident_event_id("u1/t1", 3, stage) for stage in (0, 1)] == ["u1/t1:3:began", "u1/t1:3:failed"]
    assert incident_event_id("u1/t1:7", None, 1) == "u1/t1:7:failed"
