"""What is merged says what the single changes said, in their order."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.clock import EPOCH
from tocsin.documents import RunStatus, StepStatus, TaskStatus, WorkflowRunStatus
from tocsin.events import Change, ChangeKind, ChangeQueue
from tocsin.events.change_queue import MERGED_FROM, merge_changes

K = ChangeKind
FINAL = {K.TASK_DELETED: 2, K.TASK_CREATED: 1, K.RUN_CREATED: 1}


def at(second: int) -> Change:
    return Change(K.RUN_UPDATED, EPOCH + timedelta(seconds=second), "o/t", "o/t:1")


@st.composite
def histories(draw: st.DrawFn) -> list[Change]:
    """Return changes of a few things with rising times, each with its creation at most once and first."""
    changes: list[Change] = []
    seen: set[str] = set()
    for second in range(draw(st.integers(1, 120))):
        number, kind = draw(st.integers(0, 60)), draw(st.sampled_from(["task", "run", "workflow"]))
        name, moment = f"o/{kind}{number}", EPOCH + timedelta(seconds=second)
        is_new = name not in seen
        seen.add(name)
        if kind == "task":
            later = draw(st.sampled_from([K.TASK_UPDATED, K.TASK_DELETED]))
            status = draw(st.sampled_from([None, TaskStatus.PAUSED, TaskStatus.PENDING]))
            changes.append(Change(K.TASK_CREATED if is_new else later, moment, name, task_status=status))
        elif kind == "run":
            state = draw(st.sampled_from([None, RunStatus.RUNNING, RunStatus.COMPLETED]))
            created = K.RUN_CREATED if is_new else K.RUN_UPDATED
            changes.append(Change(created, moment, "o/task0", name, run_status=state))
        else:
            steps = draw(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(StepStatus)), max_size=2))
            state_ = draw(st.sampled_from([None, WorkflowRunStatus.RUNNING]))
            created = K.RUN_CREATED if is_new else K.RUN_UPDATED
            changes.append(Change(created, moment, workflow_run_id=name, workflow_status=state_, steps=tuple(steps)))
    return changes


def subject(change: Change) -> str:
    return change.run_id or change.task_id or change.workflow_run_id or ""


def final_kind(kinds: list[ChangeKind]) -> ChangeKind:
    return max(kinds, key=lambda kind: FINAL.get(kind, 0))


def latest(values: list[object]) -> object:
    return next((value for value in reversed(values) if value is not None), None)


def batches(history: list[Change], size: int) -> Iterator[list[Change]]:
    return (history[start : start + size] for start in range(0, len(history), size))


@given(histories(), st.integers(1, 120))
def test_a_reader_of_merged_changes_knows_what_a_reader_of_all_knows(history: list[Change], size: int) -> None:
    queue = ChangeQueue()
    assert all(queue.extend(batch) for batch in batches(history, size))
    read = [change for _, change in queue.take(1000)]
    assert [change.at for change in read] == sorted(change.at for change in read)
    assert {subject(change) for change in read} == {subject(change) for change in history}
    for name in {subject(change) for change in history}:
        said = [change for change in history if subject(change) == name]
        heard = [change for change in read if subject(change) == name]
        assert heard[-1].at == said[-1].at
        assert final_kind([change.kind for change in heard]) is final_kind([change.kind for change in said])
        for field in ("task_status", "run_status", "workflow_status"):
            assert latest([getattr(one, field) for one in heard]) == latest([getattr(one, field) for one in said])
        assert _steps(heard) == _steps(said)


def _steps(changes: list[Change]) -> dict[str, StepStatus]:
    return {key: status for change in changes for key, status in change.steps}


@given(histories(), st.integers(1, 200), st.integers(1, 120))
def test_it_is_read_in_portions_without_gaps(history: list[Change], most: int, size: int) -> None:
    queue, read = ChangeQueue(), list[tuple[int, Change]]()
    for batch in batches(history, size):
        queue.extend(batch)
        first = queue.first(most) if most % 2 else None
        taken = queue.take(most)
        assert first in (None, taken)
        read += taken
    read += queue.take(1000)
    assert len(queue) == 0
    numbers = [number for number, _ in read]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == queue.added == len(history)


def test_few_changes_are_kept_step_by_step_and_many_are_merged() -> None:
    queue = ChangeQueue()
    for second in range(MERGED_FROM):
        queue.add(at(second))
    assert len(queue) == MERGED_FROM
    for second in range(MERGED_FROM, 500):
        queue.add(at(second))
    assert len(queue) == MERGED_FROM
    assert queue.take(1000)[-1] == (500, at(499))


def test_a_full_queue_refuses_other_things_and_merges_its_own() -> None:
    queue = ChangeQueue(40)
    others = [Change(K.TASK_CREATED, EPOCH, f"o/{number}") for number in range(40)]
    assert all(queue.add(change) for change in others)
    assert queue.add(Change(K.TASK_UPDATED, EPOCH, "o/7"))
    assert not queue.add(Change(K.TASK_CREATED, EPOCH, "o/more"))
    assert len(queue) == 40
    snapshot = Change(K.SNAPSHOT, EPOCH)
    assert queue.add(snapshot)
    assert [change for _, change in queue.take(2)] == [snapshot]


def test_changes_that_are_queued_together_are_merged_with_later_ones() -> None:
    queue = ChangeQueue()
    created = [Change(K.TASK_CREATED, EPOCH, f"o/{number}") for number in range(50)]
    paused = Change(K.TASK_UPDATED, EPOCH, "o/20", task_status=TaskStatus.PAUSED)
    assert queue.extend(created)
    assert [number for number, _ in queue.take(10)] == list(range(1, 11))
    assert queue.add(paused)
    assert len(queue) == 40
    merged = created[20]._replace(task_status=TaskStatus.PAUSED)
    assert [change for _, change in queue.take(50)] == [*created[10:20], *created[21:], merged]
    assert queue.added == 51


def test_a_full_queue_refuses_a_batch_of_other_things() -> None:
    queue = ChangeQueue(40)
    others = [Change(K.TASK_CREATED, EPOCH, f"o/{number}") for number in range(41)]
    assert not ChangeQueue(40).extend(others)
    assert queue.extend(others[:40])
    assert queue.extend([Change(K.TASK_UPDATED, EPOCH, "o/7")])
    assert not queue.extend(others[40:])
    assert len(queue) == 40
    snapshot = Change(K.SNAPSHOT, EPOCH)
    assert queue.extend([snapshot])
    assert [change for _, change in queue.take(2)] == [snapshot]


def test_created_and_deleted_survive() -> None:
    created, updated, deleted = (
        Change(kind, EPOCH, "o/t") for kind in (K.TASK_CREATED, K.TASK_UPDATED, K.TASK_DELETED)
    )
    assert merge_changes(created, updated).kind is K.TASK_CREATED
    assert merge_changes(created, deleted).kind is K.TASK_DELETED
    assert merge_changes(deleted, updated).kind is K.TASK_DELETED


def test_a_merged_change_keeps_what_only_the_earlier_one_set() -> None:
    later_at = EPOCH + timedelta(seconds=1)
    run = Change(
        K.RUN_CREATED,
        EPOCH,
        "o/t",
        "o/t:1",
        run_status=RunStatus.RETRY,
        due_at=EPOCH,
        queued=True,
        cancel_requested=True,
    )
    merged = merge_changes(run, Change(K.RUN_UPDATED, later_at, "o/t", "o/t:1"))
    assert merged == run._replace(at=later_at)
    step = ("a", StepStatus.RUNNING)
    workflow_run = Change(
        K.RUN_CREATED, EPOCH, workflow_run_id="o/w", workflow_status=WorkflowRunStatus.RUNNING, steps=(step,)
    )
    ended = Change(K.RUN_UPDATED, later_at, workflow_run_id="o/w", steps=(("b", StepStatus.RUNNING),))
    assert merge_changes(workflow_run, ended) == workflow_run._replace(at=later_at, steps=(step, *ended.steps))


def test_a_status_that_the_database_derived_is_read_unless_a_later_one_is_known() -> None:
    derived = Change(K.TASK_UPDATED, EPOCH, "o/t", is_derived=True)
    renamed = Change(K.TASK_UPDATED, EPOCH, "o/t")
    paused = Change(K.TASK_UPDATED, EPOCH, "o/t", task_status=TaskStatus.PAUSED)
    assert merge_changes(derived, renamed).is_derived
    assert not merge_changes(derived, paused).is_derived
    assert merge_changes(paused, derived).is_derived


def test_users_who_were_notified_are_told_apart() -> None:
    queue, users = ChangeQueue(), [f"user{number}" for number in range(MERGED_FROM)]
    for user in [*users, *users]:
        queue.add(Change(K.NOTIFIED, EPOCH, notified=user))
    assert [change.notified for _, change in queue.take(len(users) * 2)] == users


def test_of_a_user_attempts_and_acknowledgements_are_kept_apart_and_all_of_them() -> None:
    queue = ChangeQueue()
    for number in range(MERGED_FROM):
        queue.add(Change(K.RUN_UPDATED, EPOCH, "o/t", f"o/t:{number}"))
    for number in (1, 2, 3):
        queue.add(Change(K.NOTIFIED, EPOCH, notified="o"))
        queue.add(Change(K.DELIVERY_ATTEMPTED, EPOCH, notified="o", attempted=((f"d{number % 2}", number),)))
        queue.add(Change(K.ACKNOWLEDGED, EPOCH, notified="o", acknowledged=(f"n{number}",)))
    told = [change for _, change in queue.take(100) if change.notified is not None]
    assert [change.kind for change in told] == [K.NOTIFIED, K.DELIVERY_ATTEMPTED, K.ACKNOWLEDGED]
    assert dict(told[1].attempted) == {"d0": 2, "d1": 3}
    assert told[2].acknowledged == ("n1", "n2", "n3")


@pytest.mark.parametrize(("first", "second", "merged"), [(60, 40, 100), (60, 41, 0), (0, 1, 0), (1, 0, 0)])
def test_acknowledgements_that_are_too_many_or_unknown_are_not_named(first: int, second: int, merged: int) -> None:
    ids = [f"n{number}" for number in range(first + second)]
    earlier = Change(K.ACKNOWLEDGED, EPOCH, notified="o", acknowledged=tuple(ids[:first]))
    later = Change(K.ACKNOWLEDGED, EPOCH, notified="o", acknowledged=tuple(ids[first:]))
    assert merge_changes(earlier, later).acknowledged == tuple(ids[:merged])
