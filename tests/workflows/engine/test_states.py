"""The state of a workflow run is stored in a short form, and outcomes change it."""

from typing import Any

import pytest

from tests.workflows.engine.world import T0, World, define
from tocsin.documents import StepReason, StepStatus
from tocsin.workflows.engine.states import ItemState, StepRunRef, StepState, WorkflowState, find_indexes

FAILURE: Any = {"kind": "JOB", "message": "no", "hint": None}


def running(**step: Any) -> WorkflowState:
    """Return the state of a workflow run whose only step runs."""
    state = WorkflowState.from_document(World(define({"key": "a", **step})).document)
    state.steps["a"].status = StepStatus.RUNNING
    return state


@pytest.mark.parametrize(
    "state",
    [
        StepState(),
        StepState(StepStatus.FAILED, StepReason.RUN_FAILED, 2, T0, T0, FAILURE, items="CF", values=["1", "2"]),
        StepState(StepStatus.WAITING, wake_at=T0, remind_at=T0, reminders=3, asks="admins", message="Pay?"),
    ],
)
def test_a_state_is_read_as_it_was_stored_without_its_defaults(state: StepState) -> None:
    document = state.to_document()
    assert StepState.from_document(document) == state
    assert None not in document.values()
    assert "round" not in StepState().to_document()


def test_run_ids_name_the_step_its_item_and_its_compensation() -> None:
    refs = [StepRunRef("a"), StepRunRef("a", 3), StepRunRef("a", is_compensation=True)]
    assert [ref.run_id("alice/w1") for ref in refs] == ["alice/w1:a", "alice/w1:a[3]", "alice/w1:a!undo"]


@pytest.mark.parametrize(
    ("items", "on_failure", "settled"),
    [
        ("CRC", "fail", None),
        ("CPC", "fail", None),
        ("CFP", "continue", None),
        ("CFP", "fail", ("CFX", StepStatus.FAILED)),
        ("CXC", "fail", ("CXC", StepStatus.CANCELLED)),
        ("CCC", "fail", ("CCC", StepStatus.COMPLETED)),
        ("CFX", "continue", ("CFX", StepStatus.FAILED)),
    ],
)
def test_items_settle_their_step_by_the_worst_of_them(items: str, on_failure: str, settled: Any) -> None:
    definition = define({"key": "a", "forEach": [1, 2, 3], "onFailure": on_failure})
    state = running(forEach=[1, 2, 3], onFailure=on_failure)
    state.steps["a"].items = items
    state.settle_items(definition.steps[0], T0)
    step = state.steps["a"]
    assert (step.items, step.status) == (settled or (items, StepStatus.RUNNING))


def test_the_items_in_a_state_are_found() -> None:
    assert list(find_indexes(ItemState.PENDING, "PCPFP")) == [0, 2, 4]
    assert list(find_indexes(ItemState.PENDING, "CCC")) == []
