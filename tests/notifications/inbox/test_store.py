"""Stored notifications: one of each event, with its text and data, however often its cause is processed."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import AutoReconnect

from tests.notifications.channels.mail.test_texts import CHANNEL
from tests.notifications.incidents.samples import HOST_INCIDENT, incident, several, subject, workflow_subject
from tests.notifications.outcome_samples import OUTCOMES
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
from tocsin import clock
from tocsin.documents import Change, ChangeLog, Database, IncidentNews, Notification, to_global_id
from tocsin.notifications.account_events import (
    ChannelDisabled,
    LinkRequested,
    PasswordChanged,
    QuotaMet,
    RefreshTokenReused,
)
from tocsin.notifications.attempt_events import make_attempt_events
from tocsin.notifications.deliveries import notify
from tocsin.notifications.events import LINK_EVENTS, UNSTORED_KINDS, Event, EventKind
from tocsin.notifications.inbox import store
from tocsin.notifications.incidents.reports import IncidentReport
from tocsin.notifications.network_events import NetworkDown, NetworkUp
from tocsin.notifications.run_events import ApprovalRequested, TaskFailure, WorkflowFailure

_RUN, _TASK = to_global_id("Run", "u1/t1:1795338000000"), to_global_id("Task", "u1/t1")
_WORKFLOW_RUN = to_global_id("WorkflowRun", WORKFLOW_RUN["_id"])
_STATE: Any = {"status": "WAITING", "reminders": 1, "message": "Pay 5 EUR?", "started_at": DUE, "wake_at": ENDED}
_HINT = "Hint: It asks to be left alone for a while: see whether it is being serviced, or is short of memory."
_CALL = f"Called: POST https://api.example.org/backup\nError: The server answered 503 Service Unavailable.\n{_HINT}"
_ERROR = {
    "errorKind": "HTTP_STATUS",
    "errorMessage": "The server answered 503 Service Unavailable.",
    "statusCode": 503,
}
BEGAN = f"""Your task "Nightly backup" has started failing. It will be retried.
{_CALL}
Attempts: 1
Next attempt: 22 Nov 2026, 10:00:11 UTC
Due: 22 Nov 2026, 09:00:00 UTC"""
FAILED = f"""Your task "Nightly backup" has failed. This run will not be retried.
{_CALL}
Attempts: 1
No retry: All retries are used up.
Due: 22 Nov 2026, 09:00:00 UTC"""
WORKFLOW_BEGAN = f"""Your workflow "Invoices" has started failing. Its step will be retried.
Step: fetch
Error: The server answered 503 Service Unavailable.
{_HINT}
Attempts: 1
Next attempt: 22 Nov 2026, 10:00:11 UTC
Due: 22 Nov 2026, 09:00:00 UTC"""
WORKFLOW_FAILED = """Your workflow "Invoices" has failed.
Failed step: a
Error: The server answered 500.
Due: 22 Nov 2026, 09:00:00 UTC
The run can be resumed."""
APPROVAL = """The workflow step Invoices / ask is still waiting for your decision.
Message: Pay 5 EUR?
Waiting since: 22 Nov 2026, 09:00:00 UTC
Decide until: 22 Nov 2026, 09:00:11 UTC
The page opens with the mutation decideApproval filled in: true completes the step, false fails it."""
_DUE = "2026-11-22T09:00:00Z"
_REFUSED = {
    "errorKind": "CONNECT",
    "errorMessage": "api.example.org refused the connection.",
    "openedAt": "2026-11-22T09:00:11Z",
}
STILL_FAILING = """Task "Nightly backup" is still failing.
Error: api.example.org refused the connection.
Hint: Start it.
Failing since: 22 Nov 2026, 09:00:11 UTC"""
CASES: list[tuple[Event, str, str, dict[str, Any]]] = [
    (TaskFailure.from_run(retried_run()), 'Task "Nightly backup" has started failing', BEGAN,
     {"runId": _RUN, "taskId": _TASK, "attempts": 1, "dueAt": _DUE, "nextAttemptAt": "2026-11-22T10:00:11Z", **_ERROR}),
    (TaskFailure.from_run(failed_run(reason="RETRIES_USED_UP")), 'Task "Nightly backup" has failed', FAILED,
     {"runId": _RUN, "taskId": _TASK, "attempts": 1, "dueAt": _DUE, "reason": "RETRIES_USED_UP", **_ERROR}),
    (WorkflowFailure.from_step_run(WORKFLOW_RUN, retried_step_run()), 'Workflow "Invoices" has started failing',
     WORKFLOW_BEGAN,
     {"workflowRunId": _WORKFLOW_RUN, "workflowId": to_global_id("Workflow", "u1/1"), "steps": ["fetch"], "attempts": 1,
      "dueAt": _DUE, "nextAttemptAt": "2026-11-22T10:00:11Z", **_ERROR}),
    (WorkflowFailure.from_run(failed_workflow_run(), 2, ["a"]), 'Workflow "Invoices" has failed', WORKFLOW_FAILED,
     {"workflowRunId": _WORKFLOW_RUN, "workflowId": to_global_id("Workflow", "u1/1"), "steps": ["a"], "dueAt": _DUE,
      "errorKind": "HTTP_STATUS", "errorMessage": "The server answered 500."}),
    (ApprovalRequested.from_step(WORKFLOW_RUN, "ask", "u2", _STATE), "Invoices / ask is waiting for your decision",
     APPROVAL,
     {"workflowRunId": _WORKFLOW_RUN, "step": "ask", "message": "Pay 5 EUR?", "isReminder": True,
      "decideUntil": "2026-11-22T09:00:11Z"}),
    (QuotaMet.from_quotas("u1", ["TASKS: 5 of 5"], DUE), "You have reached a quota",
     "Your account has reached a quota.\nQuota: TASKS: 5 of 5\nRuns that became due",
     {"quotas": ["TASKS: 5 of 5"]}),
    (RefreshTokenReused(id="reused:s1", owner="u1", at=ENDED, opened_at=DUE,
                        opened_from="192.0.2.1", user_agent="x", reused_from="192.0.2.2"),
     "One of your sessions was ended", "One of your sessions was ended: its refresh token was used a second time",
     {"address": "192.0.2.2", "openedAt": _DUE, "openedFrom": "192.0.2.1"}),
    (NetworkDown.from_outage("u1", "o1", DUE), "The network of your Tocsin server is down",
     "The network of your Tocsin server is down: none of its canaries answers.\n"
     "Down since: 22 Nov 2026, 09:00:00 UTC\n",
     {"since": _DUE}),
    (NetworkUp.from_outage("u1", "o1", DUE, ENDED), "The network of your Tocsin server is back",
     "The network of your Tocsin server is back: a canary answers again.\nDown since: 22 Nov 2026, 09:00:00 UTC\n"
     "Back at: 22 Nov 2026, 09:00:11 UTC\n",
     {"since": _DUE, "until": "2026-11-22T09:00:11Z"}),
    (PasswordChanged(id="password:u1:1", owner="u1", at=DUE, address="192.0.2.1"), "Your password was changed",
     "The password of your account was changed, and your other sessions were ended.\n"
     "When: 22 Nov 2026, 09:00:00 UTC\nFrom: 192.0.2.1\n",
     {"address": "192.0.2.1"}),
    (ChannelDisabled.from_channel(CHANNEL, "It is gone.", DUE), 'Channel "Ops" was disabled',
     'Your notification channel "Ops" was disabled.\nReason: It is gone.\nKind: slack\n',
     {"channelId": to_global_id("NotificationChannel", "u1/c1"), "reason": "It is gone."}),
    (IncidentReport.from_incident(incident(reminders=1), IncidentNews.STILL_FAILING),
     'Task "Nightly backup" is still failing', STILL_FAILING,
     {"incidentId": to_global_id("Incident", HOST_INCIDENT), "subjectCount": 1, "host": "api.example.org:443",
      **_REFUSED, "runId": to_global_id("Run", "u1/Nightly backup:1"),
      "taskId": to_global_id("Task", "u1/Nightly backup")}),
    (IncidentReport.from_incident(several(), IncidentNews.RECOVERED),
     "12 tasks that call api.example.org:443 work again",
     "12 tasks that call api.example.org:443 work again.\nFailing since: 22 Nov 2026, 09:00:11 UTC\n"
     "Ended: 22 Nov 2026, 09:00:21 UTC\nTasks: Nightly backup, Ping\nOthers: 10",
     {"incidentId": to_global_id("Incident", HOST_INCIDENT), "subjectCount": 12, "host": "api.example.org:443",
      **_REFUSED}),
    (IncidentReport.from_incident(incident(subjects=[workflow_subject()]), IncidentNews.RECOVERED),
     'Workflow "Invoices" works again',
     'Your workflow "Invoices" works again.\nFailing since: 22 Nov 2026, 09:00:11 UTC',
     {"incidentId": to_global_id("Incident", HOST_INCIDENT), "subjectCount": 1, "host": "api.example.org:443",
      **_REFUSED, "workflowRunId": to_global_id("WorkflowRun", "u1/w1-1"),
      "workflowId": to_global_id("Workflow", "u1/1")}),
    (IncidentReport.from_incident(incident(subjects=[subject(ending="DELETED")]), IncidentNews.CLOSED),
     'Task "Nightly backup" is no longer watched', 'Your task "Nightly backup" is no longer watched. It was deleted.',
     {"incidentId": to_global_id("Incident", HOST_INCIDENT), "subjectCount": 1, "host": "api.example.org:443",
      **_REFUSED, "runId": to_global_id("Run", "u1/Nightly backup:1"),
      "taskId": to_global_id("Task", "u1/Nightly backup"), "reason": "DELETED"}),
    *((event, subject, "", data) for event, subject, _, data in OUTCOMES if event.kind not in UNSTORED_KINDS),
    (next(make_attempt_events(retried_run(round=0))), 'Attempt 1 of the task "Nightly backup" has failed',
     f"""Attempt 1 of your task "Nightly backup" has failed.\n{_CALL}\nAttempts: 1""",
     {"runId": _RUN, "taskId": _TASK, "attempts": 1, "dueAt": _DUE, "nextAttemptAt": "2026-11-22T10:00:11Z", **_ERROR}),
]  # fmt: skip


def link(kind: EventKind) -> LinkRequested:
    return LinkRequested(kind=kind, id=kind, owner="u1", at=DUE, sealed="x", good_until=ENDED, to=None, inviter=None)


def test_every_kind_that_is_no_link_has_a_case() -> None:
    assert {event.kind for event, *_ in CASES} | LINK_EVENTS | UNSTORED_KINDS == set(EventKind)


@pytest.mark.parametrize(
    ("event", "subject", "text", "data"), CASES, ids=[f"{each[0].kind} {each[1]}" for each in CASES]
)
async def test_an_event_is_stored_once_with_its_text_and_data(
    database: Database, event: Event, subject: str, text: str, data: dict[str, Any]
) -> None:
    before = clock.now() - timedelta(milliseconds=1)
    await notify(database, [event, event])
    (first,) = await database.notifications.find({}).to_list()
    await notify(database, [event])
    assert await database.notifications.find({}).to_list() == [first]
    assert (first["_id"], first["owner"], first["kind"], first["at"]) == (event.id, event.owner, event.kind, event.at)
    assert (first["subject"], first["data"], first["page"], first["run"]) == (subject, data, event.page, event.run)
    assert first["text"].startswith(text)
    assert "mail" not in first["text"].replace("mails of tasks", "").replace("mails of your account", "")
    assert before <= first["stored_at"] <= clock.now()
    assert (first["acknowledged"], first["acknowledged_at"]) == (False, None)
    assert Notification.model_validate(first).about == event.about


async def test_links_are_not_stored(database: Database) -> None:
    await notify(database, [link(kind) for kind in LINK_EVENTS])
    assert await database.notifications.find({}).to_list() == []
    assert {each["kind"] async for each in database.deliveries.find({})} == LINK_EVENTS


async def test_only_what_is_new_is_recorded_once_for_each_owner(database: Database) -> None:
    heard: list[str | None] = []
    database.changes.open(asyncio.get_running_loop())
    with database.changes.recorded.connected(
        lambda changes: heard.extend(each.notified for each in changes if isinstance(each, Change))
    ):
        quotas = [QuotaMet.from_quotas(owner, ["x"], DUE) for owner in ("u1", "u2", "u1")]
        await store.store_notifications(database, quotas)
        await store.store_notifications(database, quotas)
        await store.store_notifications(database, [TaskFailure.from_run(failed_run()), quotas[1]])
        await asyncio.sleep(0)
    database.changes.close()
    assert heard == ["u1", "u2", "u1"]


async def test_all_that_may_have_been_stored_is_recorded_when_the_answer_is_lost(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    bulk_write = AsyncCollection.bulk_write

    async def lose_the_answer(*given: Any, **options: Any) -> None:
        await bulk_write(*given, **options)
        raise AutoReconnect("gone")

    monkeypatch.setattr(AsyncCollection, "bulk_write", lose_the_answer)
    quotas = [QuotaMet.from_quotas(owner, ["x"], DUE) for owner in ("u1", "u2", "u1")]
    with pytest.raises(AutoReconnect):
        await store.store_notifications(replace(database, changes=(changes := ChangeLog(is_shared=True))), quotas)
    assert await database.notifications.count_documents({}) == 2
    assert [each.notified for each in changes.unsent if isinstance(each, Change)] == ["u1", "u2"]


async def test_what_two_processes_store_at_once_exists_once(database: Database) -> None:
    quotas = [QuotaMet.from_quotas(f"u{number}", ["x"], DUE) for number in range(700)]
    await asyncio.gather(*(store.store_notifications(database, quotas) for _ in range(4)))
    assert await database.notifications.count_documents({}) == 700


async def test_a_text_of_a_user_is_stored_as_it_is(database: Database) -> None:
    run = failed_run(task_name="$stored_at", attempts=[{**ATTEMPT, "error": {"kind": "JOB", "message": "$$ROOT"}}])
    await store.store_notifications(database, [TaskFailure.from_run(run)])
    (stored,) = await database.notifications.find({}).to_list()
    assert stored["subject"] == 'Task "$stored_at" has failed'
    assert stored["data"]["errorMessage"] == "$$ROOT"


async def test_notifications_are_found_for_their_owner_only(database: Database) -> None:
    approval = ApprovalRequested.from_step(WORKFLOW_RUN, "ask", "u2", _STATE)
    await store.store_notifications(database, [approval])
    assert set(await store.find_notifications(database, "u2", [approval.id, "none"])) == {approval.id}
    assert await store.find_notifications(database, "u1", [approval.id]) == {}


async def test_old_notifications_of_one_owner_are_pruned(database: Database) -> None:
    await store.store_notifications(database, [QuotaMet.from_quotas(owner, ["x"], DUE) for owner in ("u1", "u2")])
    await store.store_notifications(database, [QuotaMet.from_quotas("u1", ["x"], RETRY_AT + timedelta(days=1))])
    assert await store.prune_notifications(database, "u1", DUE) == 0
    assert await store.prune_notifications(database, "u1", clock.now() + timedelta(minutes=1)) == 2
    assert [each["owner"] async for each in database.notifications.find({})] == ["u2"]
