"""Signals reach all listeners, in order, and none where there is none."""

from datetime import UTC, datetime

from tocsin.wakeups import Wakeups


def test_a_signal_reaches_its_listeners_in_order_and_no_others() -> None:
    wakeups, heard = Wakeups(), []
    wakeups.task_due.connect(lambda at: heard.append(("first", at)))
    wakeups.task_due.connect(lambda at: heard.append(("second", at)))
    wakeups.workflow_due.connect(lambda at: heard.append(("workflow", at)))
    wakeups.runs_queued()
    due = datetime(2026, 1, 1, tzinfo=UTC)
    wakeups.task_due(due)
    assert heard == [("first", due), ("second", due)]


def test_a_listener_of_a_block_is_called_only_in_the_block() -> None:
    wakeups, heard = Wakeups(), []
    wakeups.cancel_requested.connect(lambda run_id: heard.append(("always", run_id)))
    with wakeups.cancel_requested.connected(lambda run_id: heard.append(("in the block", run_id))):
        wakeups.cancel_requested("a")
    wakeups.cancel_requested("b")
    assert heard == [("always", "a"), ("in the block", "a"), ("always", "b")]
