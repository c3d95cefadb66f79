"""Events of tasks and their runs, for their owner."""

from datetime import UTC, datetime

from tocsin.documents import RunStatus, TaskStatus
from tocsin.events import Change, ChangeKind
from tocsin.graphql import ids
from tocsin.graphql.tasks.events import to_task_event

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_change_of_a_run_names_its_task_and_the_new_status() -> None:
    change = Change(ChangeKind.RUN_UPDATED, AT, "alice/t", "alice/t:1", run_status=RunStatus.RUNNING)
    event = to_task_event(change, "alice")
    assert (event.kind, event.at, event.task_id) == (ChangeKind.RUN_UPDATED, AT, ids.encode_id("Task", "alice/t"))
    assert (event.task_status, event.run_status) == (None, RunStatus.RUNNING)


def test_a_change_of_a_task_has_its_status_only() -> None:
    event = to_task_event(Change(ChangeKind.TASK_UPDATED, AT, "alice/t", task_status=TaskStatus.PAUSED), "alice")
    assert (event.task_status, event.run_status) == (TaskStatus.PAUSED, None)


def test_a_snapshot_of_all_tasks_names_none() -> None:
    assert to_task_event(Change(ChangeKind.SNAPSHOT, AT), "alice").task_id is None
