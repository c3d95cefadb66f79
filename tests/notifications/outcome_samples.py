# tables read best in rows
"""Events of tasks that paused or missed runs, of ended workflow runs, reports, replays and API tokens, for tests."""

from dataclasses import replace
from typing import Any

from tests.notifications.outcome_mails import (
    ADDRESS_ADDED_MAIL,
    ADDRESS_LEFT_MAIL,
    ADDRESS_REMOVED_MAIL,
    FAILED_MAIL,
    FINISHED_MAIL,
    MISSED_MAIL,
    PAUSED_MAIL,
    REPLAYED_MAIL,
    REPORT_MAIL,
    SKIPPED_MAIL,
    STOPPED_MAIL,
    TOKEN_MAIL,
)
from tests.notifications.samples import DUE, ENDED, RUN, failed_run, failed_workflow_run
from tocsin.documents import MailPurpose
from tocsin.notifications.account_events import ApiTokenCreated, MailAddressChanged
from tocsin.notifications.events import Event
from tocsin.notifications.outcome_events import ReplayEnded, ReportReady, WorkflowEnded
from tocsin.notifications.task_events import RunsMissed, TaskPaused

_PAUSE: Any = {"run": RUN["_id"], "failures": 5, "at": ENDED, "is_told": False}
_TASK: Any = {"_id": "u1/t1", "owner": "u1", "name": "Nightly backup"}
_REPLAY: Any = {
    "_id": "u1/r1", "owner": "u1", "status": "COMPLETED", "reason": None, "selected": 1200, "sent": 1190,
    "succeeded": 1188, "failed": 2, "skips": {"WORKFLOW_STEP": 9, "TASK_DELETED": 1},
}  # fmt: skip
_REPORT: Any = {"file": {"name": "Sales.csv", "size": 34567}, "rows": 1234}


def missed_run(**changes: Any) -> Any:
    """Return a run that was missed."""
    return {**RUN, "status": "MISSED", "reason": "MISFIRE", "finished_at": ENDED, **changes}


def replay(**changes: Any) -> Any:
    """Return a replay that has ended."""
    return {**_REPLAY, **changes}


def report_run(**changes: Any) -> Any:
    """Return a completed run of a report."""
    return {**RUN, "round": 0, "status": "COMPLETED", "task_name": "Weekly sales", "finished_at": ENDED, **changes}


PAUSED = TaskPaused.from_task(_TASK, _PAUSE, failed_run())
UNREADABLE = TaskPaused.from_task(_TASK, {"run": None, "failures": 0, "at": ENDED, "is_told": False}, None)
MISSED = RunsMissed.from_runs([missed_run(missed_count=36), missed_run(due_at=ENDED)])
SKIPPED = RunsMissed.from_runs([missed_run(status="SKIPPED", reason="OVERLAP")])
FINISHED = WorkflowEnded.from_run(failed_workflow_run(status="COMPLETED", round=0, error=None), [])
FAILED = WorkflowEnded.from_run(failed_workflow_run(round=1), ["a", "b"])
REPORT = ReportReady.from_run(report_run(), _REPORT)
REPLAYED = ReplayEnded.from_replay(replay(), ENDED)
STOPPED = ReplayEnded.from_replay(
    replay(status="FAILED", reason="The canary failed.", sent=1, succeeded=0, failed=1, skips={}), ENDED
)
TOKEN = ApiTokenCreated(
    id="u1/k1:created", owner="u1", at=DUE, token_name="Deploy", hint="x7Qz", scopes=["READ", "WRITE"],
    expires_at=ENDED, address="192.0.2.1",
)  # fmt: skip
ADDRESS_ADDED = MailAddressChanged(
    id="confirmed:1", owner="u1", at=DUE, mail_purpose=MailPurpose.ALERTS, email="ops@example.org", address="192.0.2.1"
)
ADDRESS_REMOVED = replace(ADDRESS_ADDED, id="u1/ALERTS:removed:1", is_removed=True, address="")
OUTCOMES: list[tuple[Event, str, str, dict[str, Any]]] = [
    (
        PAUSED,
        'Task "Nightly backup" is paused',
        PAUSED_MAIL,
        {
            "runId": "UnVuOnUxL3QxOjE3OTUzMzgwMDAwMDA=",
            "taskId": "VGFzazp1MS90MQ==",
            "errorMessage": "The server answered 503 Service Unavailable.",
            "errorKind": "HTTP_STATUS",
            "statusCode": 503,
            "failures": 5,
        },
    ),
    (
        MISSED,
        'Task "Nightly backup" has missed 37 runs',
        MISSED_MAIL,
        {
            "runId": "UnVuOnUxL3QxOjE3OTUzMzgwMDAwMDA=",
            "taskId": "VGFzazp1MS90MQ==",
            "missed": 37,
            "dueAt": "2026-11-22T09:00:00Z",
            "reason": "MISFIRE",
        },
    ),
    (
        SKIPPED,
        'Task "Nightly backup" has missed a run',
        SKIPPED_MAIL,
        {
            "runId": "UnVuOnUxL3QxOjE3OTUzMzgwMDAwMDA=",
            "taskId": "VGFzazp1MS90MQ==",
            "missed": 1,
            "dueAt": "2026-11-22T09:00:00Z",
            "reason": "OVERLAP",
        },
    ),
    (
        FINISHED,
        'Workflow "Invoices" is finished',
        FINISHED_MAIL,
        {
            "workflowRunId": "V29ya2Zsb3dSdW46dTEvdzEtMTc5NTMzODAwMDAwMA==",
            "workflowId": "V29ya2Zsb3c6dTEvMQ==",
            "dueAt": "2026-11-22T09:00:00Z",
            "finishedAt": "2026-11-22T09:00:11Z",
        },
    ),
    (
        FAILED,
        'Workflow "Invoices" has failed',
        FAILED_MAIL,
        {
            "workflowRunId": "V29ya2Zsb3dSdW46dTEvdzEtMTc5NTMzODAwMDAwMA==",
            "workflowId": "V29ya2Zsb3c6dTEvMQ==",
            "dueAt": "2026-11-22T09:00:00Z",
            "finishedAt": "2026-11-22T09:00:11Z",
            "errorMessage": "The server answered 500.",
            "errorKind": "HTTP_STATUS",
            "steps": ["a", "b"],
        },
    ),
    (
        REPORT,
        'Report "Sales.csv" is ready',
        REPORT_MAIL,
        {
            "runId": "UnVuOnUxL3QxOjE3OTUzMzgwMDAwMDA=",
            "taskId": "VGFzazp1MS90MQ==",
            "fileName": "Sales.csv",
            "fileSize": 34567,
            "rows": 1234,
            "dueAt": "2026-11-22T09:00:00Z",
        },
    ),
    (
        REPLAYED,
        "Your replay is finished",
        REPLAYED_MAIL,
        {
            "replayId": "UmVwbGF5OnUxL3Ix",
            "status": "COMPLETED",
            "sent": 1190,
            "succeeded": 1188,
            "failed": 2,
            "selected": 1200,
            "skipped": 10,
        },
    ),
    (
        STOPPED,
        "Your replay was stopped",
        STOPPED_MAIL,
        {
            "replayId": "UmVwbGF5OnUxL3Ix",
            "status": "FAILED",
            "sent": 1,
            "succeeded": 0,
            "failed": 1,
            "selected": 1200,
            "skipped": 0,
            "reason": "The canary failed.",
        },
    ),
    (
        TOKEN,
        'API token "Deploy" was created',
        TOKEN_MAIL,
        {
            "apiTokenId": "QXBpVG9rZW46dTEvazE=",
            "name": "Deploy",
            "scopes": ["READ", "WRITE"],
            "address": "192.0.2.1",
            "expiresAt": "2026-11-22T09:00:11Z",
        },
    ),
    (
        ADDRESS_ADDED,
        "Another address gets your mails",
        ADDRESS_ADDED_MAIL,
        {"mailPurpose": "ALERTS", "email": "ops@example.org", "address": "192.0.2.1"},
    ),
    (
        ADDRESS_REMOVED,
        "Your mails come to you again",
        ADDRESS_REMOVED_MAIL,
        {"mailPurpose": "ALERTS", "formerEmail": "ops@example.org", "address": ""},
    ),
    (
        replace(ADDRESS_REMOVED, has_left=True),
        "Your mails come to you again",
        ADDRESS_LEFT_MAIL,
        {"mailPurpose": "ALERTS", "formerEmail": "ops@example.org", "address": ""},
    ),
]  # fmt: skip
"""The events, with the subject, the mail and the data of each."""
