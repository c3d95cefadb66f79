"""Changes, as they are sent to other processes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin import clock
from tocsin.documents import (
    AccessChange,
    Change,
    ChangeKind,
    RunStatus,
    StepStatus,
    TaskStatus,
    WorkflowRunStatus,
)
from tocsin.events.changes import decode_change, encode_change, subject_id

NOW = clock.now()
KINDS = st.sampled_from(ChangeKind)
TIMES = st.none() | st.just(NOW)


def _change(kind: ChangeKind, **fields: Any) -> Change:
    return Change(kind, NOW, **fields)  # of a tuple, `builds` would also make the fields that have a default


RUNS = st.builds(
    _change,
    KINDS,
    task_id=st.just("alice/t"),
    run_id=st.just("alice/t:1"),
    run_status=st.none() | st.sampled_from(RunStatus),
    due_at=TIMES,
    queued=st.booleans(),
    cancel_requested=st.booleans(),
)
TASKS = st.builds(
    _change,
    KINDS,
    task_id=st.just("alice/t"),
    task_status=st.none() | st.sampled_from(TaskStatus),
    due_at=TIMES,
    is_derived=st.booleans(),
)
STEPS = st.lists(st.tuples(st.text(), st.sampled_from(StepStatus))).map(tuple)
WORKFLOW_RUNS = st.builds(
    _change,
    KINDS,
    workflow_run_id=st.just("alice/w1"),
    workflow_status=st.none() | st.sampled_from(WorkflowRunStatus),
    steps=STEPS,
)


NOTIFIED = st.builds(_change, st.just(ChangeKind.NOTIFIED), notified=st.text(min_size=1))
ATTEMPTED = st.builds(
    _change,
    st.just(ChangeKind.DELIVERY_ATTEMPTED),
    notified=st.text(min_size=1),
    attempted=st.lists(st.tuples(st.text(), st.integers(1, 10))).map(tuple),
)
ACKNOWLEDGED = st.builds(
    _change,
    st.just(ChangeKind.ACKNOWLEDGED),
    notified=st.text(min_size=1),
    acknowledged=st.lists(st.text()).map(tuple),
)


@given(
    RUNS | TASKS | WORKFLOW_RUNS | NOTIFIED | ATTEMPTED | ACKNOWLEDGED | st.builds(AccessChange, st.text(min_size=1))
)
def test_a_change_arrives_as_it_was_sent(change: Any) -> None:
    assert decode_change(encode_change(change), NOW) == change


def test_the_time_is_that_at_which_the_record_was_stored() -> None:
    sent = Change(ChangeKind.TASK_UPDATED, clock.EPOCH, "alice/t")
    received = decode_change(encode_change(sent), NOW)
    assert isinstance(received, Change)
    assert received.at == NOW


def test_the_record_of_a_run_is_short() -> None:
    ended = Change(ChangeKind.RUN_UPDATED, NOW, "alice/t", "alice/t:1", run_status=RunStatus.COMPLETED)
    assert encode_change(ended) == {"kind": "RUN_UPDATED", "run": "alice/t:1", "status": "COMPLETED"}


@pytest.mark.parametrize(
    ("change", "subject"),
    [
        (Change(ChangeKind.RUN_UPDATED, NOW, "alice/t", "alice/t:1"), "alice/t"),
        (Change(ChangeKind.RUN_UPDATED, NOW, workflow_run_id="alice/w1"), "alice/w1"),
        (Change(ChangeKind.SNAPSHOT, NOW), ""),
    ],
)
def test_the_subject_is_the_task_or_workflow_run(change: Change, subject: str) -> None:
    assert subject_id(change) == subject
