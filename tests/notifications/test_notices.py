"""The texts that channels of users get, and the notices that are made of their deliveries."""

import re
from dataclasses import replace
from typing import Any

import pytest

from tests.notifications.channels.mail.test_texts import CHANNEL, MAILS, approval
from tests.notifications.samples import DUE, failed_run, failed_workflow_run, retried_run
from tocsin.documents import to_global_id
from tocsin.notifications.account_events import ChannelDisabled, QuotaMet
from tocsin.notifications.channels.notice import Notice
from tocsin.notifications.deliveries import new_delivery
from tocsin.notifications.events import LINK_EVENTS, Event, EventKind
from tocsin.notifications.inbox.store import make_notification
from tocsin.notifications.network_events import NetworkDown, NetworkUp
from tocsin.notifications.notices import TOLD_EVENTS, make_test_notice, render_notice, to_notice
from tocsin.notifications.run_events import TaskFailure, WorkflowFailure
from tocsin.notifications.texts import describe_event

PAGE = "https://tocsin.example/page"
FAILURE = {
    "errorKind": "HTTP_STATUS",
    "errorMessage": "The server answered 503 Service Unavailable.",
    "statusCode": 503,
    "attempts": 1,
    "dueAt": "2026-11-22T09:00:00Z",
}


def notice_of(event: Event) -> Notice:
    return to_notice(new_delivery(event, "u1/c1", render_notice(event)), PAGE)


def test_the_text_leaves_out_what_belongs_to_mails() -> None:
    assert render_notice(TaskFailure.from_run(retried_run())).text == (
        'Your task "Nightly backup" has started failing. It will be retried.\n'
        "Called: POST https://api.example.org/backup\n"
        "Error: The server answered 503 Service Unavailable.\n"
        "Hint: It asks to be left alone for a while: see whether it is being serviced, or is short of memory.\n"
        "Attempts: 1\n"
        "Next attempt: 22 Nov 2026, 10:00:11 UTC\n"
        "Due: 22 Nov 2026, 09:00:00 UTC"
    )


def test_the_advice_at_the_end_of_other_mails_is_kept() -> None:
    text = render_notice(ChannelDisabled.from_channel(CHANNEL, "It is gone.", DUE)).text
    assert text.endswith(
        "Nothing is sent there any more. Correct its settings with updateNotificationChannel, try them with "
        "testNotificationChannel, and set isEnabled to true."
    )


@pytest.mark.parametrize("event", [event for event, _, _ in MAILS if event.kind not in LINK_EVENTS], ids=str)
def test_each_event_has_a_text_without_placeholders(event: Event) -> None:
    message = render_notice(event)
    assert message.subject
    assert "\n" in message.text
    for word in ("{page}", "{link}", "Hello", "Tocsin\n", "another mail", "no more mail", "this mail"):
        assert word not in message.text.removeprefix("Your task"), message.text


@pytest.mark.parametrize("event", [event for event, _, _ in MAILS if event.kind not in LINK_EVENTS], ids=str)
def test_what_is_said_about_mails_is_only_in_mails_and_leaves_room_for_what_was_chosen(event: Event) -> None:
    """Reminders, rules, and kinds that are turned off, change how many mails come."""
    _, content = describe_event(event)
    if content.closing:
        assert content.closing not in render_notice(event).text + make_notification(event)["text"]
    if re.search(r"another mail|one more mail|no more mails about (failures|its)", content.closing):
        assert content.closing.startswith("Unless you have chosen otherwise, you get ")
    assert "You will get" not in content.closing.replace("You will get no more mails about missed runs", "")


def test_a_placeholder_in_a_text_of_a_user_stays() -> None:
    run = failed_run(task_name="{page}", job={"kind": "http", "params": {"url": "https://x.example/{page}"}})
    assert 'Your task "{page}" has failed.' in render_notice(TaskFailure.from_run(run)).text


def test_a_text_of_another_user_adds_no_facts() -> None:
    event = replace(approval(), message="Please decide.\nDue: never\r\nError: \x1b[1mfake")
    lines = render_notice(event).text.splitlines()
    assert not any(line.startswith(("Due: never", "Error:")) for line in lines)
    assert any("Please decide. Due: never Error:" in line for line in lines)


def test_all_events_but_links_are_told() -> None:
    assert set(EventKind) - LINK_EVENTS == TOLD_EVENTS


@pytest.mark.parametrize(
    ("event", "kind", "severity", "incident", "details"),
    [
        (TaskFailure.from_run(retried_run()), "TASK_BEGAN_FAILING", "WARNING", "u1/t1:3",
         {"event": "BEGAN_FAILING", "taskId": ("Task", "u1/t1"), "runId": ("Run", "u1/t1:1795338000000"),
          "nextAttemptAt": "2026-11-22T10:00:11Z", **FAILURE}),
        (TaskFailure.from_run(failed_run(incident=None)), "RUN_FAILED", "ERROR", None,
         {"event": "FAILED_FOR_GOOD", "taskId": ("Task", "u1/t1"), "runId": ("Run", "u1/t1:1795338000000"), **FAILURE}),
        (WorkflowFailure.from_run(failed_workflow_run(), 2, ["a"]), "WORKFLOW_FAILED", "ERROR", "u1/1:2",
         {"event": "FAILED_FOR_GOOD", "workflowId": ("Workflow", "u1/1"),
          "workflowRunId": ("WorkflowRun", "u1/w1-1795338000000"), "steps": ["a"], "dueAt": "2026-11-22T09:00:00Z",
          "errorKind": "HTTP_STATUS", "errorMessage": "The server answered 500."}),
        (approval(), "APPROVAL_REQUESTED", "INFO", None,
         {"event": "APPROVAL", "workflowRunId": ("WorkflowRun", "u1/w1-1795338000000"), "step": "ask",
          "message": "Pay\n5 EUR?", "isReminder": True, "decideUntil": "2026-11-22T09:00:11Z"}),
        (ChannelDisabled.from_channel(CHANNEL, "It is gone.", DUE), "CHANNEL_DISABLED", "WARNING", None,
         {"event": "CHANNEL_DISABLED", "channelId": ("NotificationChannel", "u1/c1"), "reason": "It is gone."}),
        (QuotaMet.from_quotas("u1", ["1 of 1"], DUE), "QUOTA_MET", "WARNING", None,
         {"event": "QUOTA_MET", "quotas": ["1 of 1"]}),
    ],
)  # fmt: skip
def test_a_notice_names_what_it_is_about(
    event: Event, kind: str, severity: str, incident: str | None, details: dict[str, Any]
) -> None:
    notice, message = notice_of(event), render_notice(event)
    expected = {name: to_global_id(*value) if isinstance(value, tuple) else value for name, value in details.items()}
    assert (notice.kind, notice.severity, notice.incident, notice.data) == (kind, severity, incident, expected)
    assert (notice.id, notice.owner, notice.page) == (event.id, event.owner, PAGE)
    assert (notice.subject, notice.text) == (message.subject, message.text)


@pytest.mark.parametrize("event", [event for event, _, _ in MAILS if event.kind not in LINK_EVENTS], ids=str)
def test_webhooks_and_the_inbox_say_the_same_to_programs(event: Event) -> None:
    assert notice_of(event).data == {"event": event.kind, **make_notification(event)["data"]}


def test_an_outage_of_the_network_is_one_incident_which_its_end_resolves() -> None:
    down, up = (
        notice_of(event)
        for event in (NetworkDown.from_outage("u1", "o1", DUE), NetworkUp.from_outage("u1", "o1", DUE, DUE))
    )
    assert (down.incident, down.is_over) == ("network:o1:u1", False)
    assert (up.incident, up.is_over) == ("network:o1:u1", True)


@pytest.mark.parametrize("event", [event for event, _, _ in MAILS if event.kind not in LINK_EVENTS], ids=str)
def test_only_what_is_ended_some_time_names_an_incident(event: Event) -> None:
    ended = {
        "BEGAN_FAILING",
        "FAILED_FOR_GOOD",
        "STILL_FAILING",
        "RECOVERED",
        "INCIDENT_CLOSED",
        "NETWORK_DOWN",
        "NETWORK_UP",
    }
    notice = notice_of(event)
    assert notice.incident is None or event.kind in ended
    assert notice.is_over == (event.kind in ("RECOVERED", "INCIDENT_CLOSED", "NETWORK_UP"))


def test_a_delivery_that_was_queued_without_data_is_told_all_the_same() -> None:
    event = TaskFailure.from_run(failed_run())
    queued = new_delivery(event, "u1/c1", render_notice(event))
    del queued["data"]
    assert to_notice(queued, PAGE).data == {"event": "FAILED_FOR_GOOD"}


def test_each_test_of_a_channel_has_its_own_id() -> None:
    first, second = make_test_notice(CHANNEL, PAGE, DUE), make_test_notice(CHANNEL, PAGE, DUE.replace(second=1))
    assert first.id != second.id
    assert (first.type_name, first.subject) == ("channel.test", 'Test of the channel "Ops"')
