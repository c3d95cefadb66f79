"""The events of incidents, the notices that are made of them, and their mails."""

from typing import Any

import pytest

from tests.notifications.incidents.samples import HOST_INCIDENT, incident, several, subject, workflow_subject
from tests.notifications.samples import RETRY_AT
from tocsin.documents import IncidentNews, to_global_id
from tocsin.notifications.channels.mail.layout import render_mail
from tocsin.notifications.deliveries import new_delivery
from tocsin.notifications.events import EventKind
from tocsin.notifications.incidents.reports import IncidentReport, make_event, news_id
from tocsin.notifications.notices import render_notice, to_notice
from tocsin.notifications.run_events import TaskFailure, WorkflowFailure

N = IncidentNews
KEY = HOST_INCIDENT.rpartition(":")[0]


def notice(document: Any, news: IncidentNews) -> Any:
    event = make_event(document, news)
    return to_notice(new_delivery(event, "u1/c1", render_notice(event)), "https://tocsin.example/page")


def test_each_stage_has_an_id_of_its_own_that_derives_from_the_opening() -> None:
    assert news_id(incident(), N.BEGAN) == f"{KEY}:4:began"
    assert news_id(incident(), N.FAILED) == f"{KEY}:4:failed"
    assert news_id(incident(reminders=1), N.STILL_FAILING) == f"{KEY}:4:reminder-1"
    assert news_id(incident(reminders=12), N.STILL_FAILING) == f"{KEY}:4:reminder-12"
    assert news_id(incident(sequence=5), N.RECOVERED) == f"{KEY}:5:over"
    assert news_id(incident(sequence=5), N.CLOSED) == f"{KEY}:5:over"  # an opening has one end


def test_failures_of_a_single_task_or_workflow_are_told_as_its_own() -> None:
    task = make_event(incident(), N.FAILED)
    assert isinstance(task, TaskFailure)
    assert (task.kind, task.run, task.task_name) == (EventKind.FAILED_FOR_GOOD, "u1/Nightly backup:1", "Nightly backup")
    workflow = make_event(incident(subjects=[workflow_subject()]), N.BEGAN)
    assert isinstance(workflow, WorkflowFailure)
    assert (workflow.kind, workflow.run, workflow.steps) == (EventKind.BEGAN_FAILING, "u1/w1-1", ["fetch"])
    for other in (make_event(several(), N.FAILED), make_event(incident(), N.RECOVERED)):
        assert isinstance(other, IncidentReport)


def test_the_first_mail_says_when_the_next_attempt_or_run_is() -> None:
    retried: Any = subject(next_due=RETRY_AT)
    retried["failure"] |= {"stage": 0, "retry_at": RETRY_AT}
    assert "No retry:" in str(render_mail(make_event(incident(subjects=[retried]), N.BEGAN)).text)


@pytest.mark.parametrize(
    ("document", "news", "kind", "details"),
    [
        (incident(), N.FAILED, "TASK_FAILED", {"taskId": to_global_id("Task", "u1/Nightly backup")}),
        (incident(), N.RECOVERED, "TASK_RECOVERED", {"taskId": to_global_id("Task", "u1/Nightly backup")}),
        (incident(reminders=1), N.STILL_FAILING, "TASK_STILL_FAILING",
         {"taskId": to_global_id("Task", "u1/Nightly backup")}),
        (incident(cause="WORKFLOW", cause_key="u1/1", subjects=[workflow_subject()]), N.BEGAN, "WORKFLOW_BEGAN_FAILING",
         {"workflowId": to_global_id("Workflow", "u1/1")}),
        (several(), N.BEGAN, "INCIDENT_BEGAN_FAILING", {}),
        (several(), N.RECOVERED, "INCIDENT_RECOVERED", {}),
        (incident(), N.CLOSED, "INCIDENT_CLOSED", {"taskId": to_global_id("Task", "u1/Nightly backup")}),
    ],
)  # fmt: skip
def test_a_notice_names_what_it_is_about_and_its_incident(
    document: Any, news: IncidentNews, kind: str, details: Any
) -> None:
    found = notice(document, news)
    assert found.kind == kind
    assert (found.incident, found.is_over) == (f"{document['cause_key']}:4", news in (N.RECOVERED, N.CLOSED))
    assert found.data["incidentId"] == to_global_id("Incident", HOST_INCIDENT)
    named = {name: value for name, value in found.data.items() if name in ("taskId", "workflowId")}
    assert named == details


def test_all_of_an_opening_has_the_same_incident_for_alert_services() -> None:
    assert len({notice(several(reminders=1), news).incident for news in N}) == 1


def test_a_mail_about_several_lists_the_most_important_and_counts_the_rest() -> None:
    message = render_mail(make_event(several(), N.FAILED))
    assert message.subject == "12 tasks that call api.example.org:443 have failed"
    assert message.text == (
        "Hello,\n\n12 tasks that call api.example.org:443 have failed. They call the same host\n"
        "and fail with the same kind of error, so they are one incident.\n\n"
        "Error:           api.example.org refused the connection.\nHint:            Start it.\n"
        "Failing since:   22 Nov 2026, 09:00:11 UTC\nTasks:           Nightly backup\n                 Ping\n"
        "Others:          10\nOpen:            {page}\n\n"
        "Unless you have chosen otherwise, you get one more mail, when all of this\n"
        "works again.\n\nTocsin\n"
    )


def test_tasks_and_workflows_are_named_as_what_they_are() -> None:
    mixed = several(subjects=[subject(), workflow_subject()])
    assert render_mail(make_event(mixed, N.RECOVERED)).subject == (
        "12 tasks and workflows that call api.example.org:443 work again"
    )
    flows = several(2, subjects=[workflow_subject(), workflow_subject()])
    assert render_mail(make_event(flows, N.BEGAN)).subject == (
        "2 workflows that call api.example.org:443 have started failing"
    )
