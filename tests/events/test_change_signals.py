"""The parts that a change wakes."""

from typing import Any

import pytest

from tocsin import clock
from tocsin.documents import RunStatus, WorkflowRunStatus
from tocsin.events import Change, ChangeKind
from tocsin.events.change_signals import signal_change
from tocsin.wakeups import Wakeups

NOW = clock.now()
RUN = Change(ChangeKind.RUN_UPDATED, NOW, "alice/t", "alice/t:1")
STEP = RUN._replace(task_id="alice/w1", run_id="alice/w1:fetch")
WORKFLOW_RUN = Change(ChangeKind.RUN_UPDATED, NOW, workflow_run_id="alice/w1")


def sent_for(change: Change) -> list[tuple[Any, ...]]:
    """Return the signals that the change sends, with their arguments."""
    wakeups, sent = Wakeups(), []
    for name, signal in vars(wakeups).items():
        signal.connect(lambda *arguments, name=name: sent.append((name, *arguments)))
    signal_change(wakeups, change)
    return sent


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (RUN, []),
        (Change(ChangeKind.NOTIFIED, NOW, notified="alice"), []),
        (Change(ChangeKind.DELIVERY_ATTEMPTED, NOW, notified="alice", attempted=(("alice/1@alice/2", 1),)), []),
        (Change(ChangeKind.ACKNOWLEDGED, NOW, notified="alice", acknowledged=("alice/1",)), []),
        (RUN._replace(due_at=NOW), [("task_due", NOW)]),
        (RUN._replace(queued=True), [("runs_queued",)]),
        (RUN._replace(cancel_requested=True), [("cancel_requested", "alice/t:1")]),
        (RUN._replace(run_status=RunStatus.COMPLETED), []),
        (STEP._replace(run_status=RunStatus.COMPLETED), [("step_run_ended", "alice/w1:fetch")]),
        (STEP._replace(run_status=RunStatus.RETRY), []),
        (WORKFLOW_RUN._replace(workflow_status=WorkflowRunStatus.PENDING), [("workflow_run_created", "alice/w1")]),
        (WORKFLOW_RUN._replace(workflow_status=WorkflowRunStatus.RUNNING), []),
        (
            Change(ChangeKind.SNAPSHOT, NOW, queued=True, due_at=clock.EPOCH),
            [("task_due", clock.EPOCH), ("runs_queued",)],
        ),
    ],
)
def test_a_change_wakes_the_parts_that_have_work(change: Change, expected: list[tuple[Any, ...]]) -> None:
    assert sent_for(change) == expected
