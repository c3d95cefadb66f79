"""Changes, parsed from events of the change stream."""

from typing import Any, get_type_hints

import pytest

from tocsin import clock
from tocsin.documents import RunDocument, RunStatus, StepStatus, TaskDocument, WorkflowRunDocument
from tocsin.events import Change, ChangeKind, changes
from tocsin.events.changes import AccessChange, ChangeEvent, parse_change

NOW = clock.now()
LATER = NOW + clock.MILLISECOND
IDS = {
    "runs": "alice/t:1",
    "tasks": "alice/t",
    "workflow_runs": "alice/w1",
    "users": "alice",
    "sessions": "alice/s",
    "api_tokens": "alice/a",
}


def event(collection: str, operation: str, **fields: Any) -> ChangeEvent:
    """Return the event of an insert of, or an update to, these fields."""
    made: ChangeEvent = {
        "operationType": operation, "documentKey": {"_id": IDS[collection]}, "wallTime": NOW, "ns": {"coll": collection}
    }  # fmt: skip
    if operation == "update":
        return {**made, "updateDescription": {"updatedFields": fields}}
    return {**made, "fullDocument": fields or None}


def parsed(collection: str, operation: str, **fields: Any) -> Change:
    change = parse_change(event(collection, operation, **fields))
    assert isinstance(change, Change)
    assert change.at == NOW
    return change


@pytest.mark.parametrize(
    ("operation", "fields", "status", "queued"),
    [
        ("insert", {"status": "QUEUED"}, RunStatus.QUEUED, True),
        ("insert", {"status": "RUNNING", "begun": False}, RunStatus.QUEUED, False),
        ("insert", {"status": "MISSED"}, RunStatus.MISSED, False),
        ("update", {"status": "RUNNING"}, RunStatus.RUNNING, False),
        ("update", {"begun": True}, RunStatus.RUNNING, False),
        ("update", {"rank": 7}, None, True),
        ("update", {"status": "COMPLETED", "rank": None}, RunStatus.COMPLETED, False),
    ],
)
def test_the_status_of_a_run_is_the_one_that_the_api_shows(
    operation: str, fields: dict[str, Any], status: RunStatus | None, queued: bool
) -> None:
    change = parsed("runs", operation, **fields)
    assert (change.task_id, change.run_id) == ("alice/t", "alice/t:1")
    assert (change.run_status, change.queued) == (status, queued)
    assert change.kind is (ChangeKind.RUN_CREATED if operation == "insert" else ChangeKind.RUN_UPDATED)


def test_a_claimed_run_that_has_not_begun_concerns_nobody() -> None:
    assert parse_change(event("runs", "update", status="RUNNING", begun=False)) is None
    assert parse_change(event("runs", "update", fence=2)) is None


def test_a_run_tells_its_retry_and_its_cancellation() -> None:
    assert parsed("runs", "update", status="RETRY", retry_at=LATER).due_at == LATER
    assert parsed("runs", "update", cancel_requested_at=NOW).cancel_requested
    assert not parsed("runs", "update", status="QUEUED", cancel_requested_at=None).cancel_requested


@pytest.mark.parametrize(
    ("operation", "fields", "kind"),
    [
        ("insert", {"status": "PENDING", "hold": None}, ChangeKind.TASK_CREATED),
        ("update", {"status": "PAUSED", "hold": "PAUSED"}, ChangeKind.TASK_UPDATED),
        ("update", {"status": "CANCELLED", "hold": "DELETED"}, ChangeKind.TASK_DELETED),
    ],
)
def test_a_task_is_created_updated_or_deleted(operation: str, fields: dict[str, Any], kind: ChangeKind) -> None:
    change = parsed("tasks", operation, next_run_at=LATER, **fields)
    assert (change.kind, change.task_id, change.task_status, change.due_at) == (
        kind, "alice/t", fields["status"], LATER
    )  # fmt: skip


def test_the_removal_of_a_deleted_task_is_no_second_change() -> None:
    assert parse_change(event("tasks", "delete")) is None


def test_a_workflow_run_names_its_changed_steps() -> None:
    change = parsed("workflow_runs", "update", news='{"a": "COMPLETED", "b": "RUNNING"}')
    assert (change.workflow_run_id, change.workflow_status) == ("alice/w1", None)
    assert change.steps == (("a", StepStatus.COMPLETED), ("b", StepStatus.RUNNING))
    assert parsed("workflow_runs", "insert", status="PENDING").steps == ()


@pytest.mark.parametrize(
    ("collection", "operation"), [("users", "update"), ("sessions", "delete"), ("api_tokens", "delete")]
)
def test_the_end_of_an_access_names_its_user(collection: str, operation: str) -> None:
    assert parse_change(event(collection, operation)) == AccessChange("alice")


@pytest.mark.parametrize(
    ("fields", "document"),
    [
        (changes._RunFields, RunDocument),
        (changes._WorkflowRunFields, WorkflowRunDocument),
        (changes._TaskFields, TaskDocument),
    ],
)
def test_the_fields_of_events_are_those_of_documents(fields: Any, document: Any) -> None:
    declared = get_type_hints(document)
    assert get_type_hints(fields) == {name: declared[name] for name in get_type_hints(fields)}
