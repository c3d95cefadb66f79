"""Events of runs, for their owner."""

from datetime import UTC, datetime

import pytest

from tocsin.documents import RunStatus
from tocsin.events import Change, ChangeKind, cursor_of
from tocsin.graphql import ids
from tocsin.graphql.runs.events import RunEventKind, to_run_event

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (ChangeKind.SNAPSHOT, RunEventKind.SNAPSHOT),
        (ChangeKind.RESYNC, RunEventKind.RESYNC),
        (ChangeKind.RUN_CREATED, RunEventKind.CREATED),
        (ChangeKind.RUN_UPDATED, RunEventKind.UPDATED),
    ],
)
def test_each_kind_of_change_is_a_kind_of_event(kind: ChangeKind, expected: RunEventKind) -> None:
    assert to_run_event(Change(kind, AT), "alice").kind is expected


def test_a_change_of_a_run_names_it_its_task_and_the_new_status() -> None:
    change = Change(ChangeKind.RUN_UPDATED, AT, "alice/t", "alice/t:1", run_status=RunStatus.RUNNING)
    event = to_run_event(change, "alice")
    assert (event.run_id, event.task_id) == (ids.encode_id("Run", "alice/t:1"), ids.encode_id("Task", "alice/t"))
    assert (event.status, event.at, event.cursor) == (RunStatus.RUNNING, AT, cursor_of(change))


def test_a_resync_names_none() -> None:
    event = to_run_event(Change(ChangeKind.RESYNC, AT), "alice")
    assert (event.run_id, event.task_id, event.status) == (None, None, None)
