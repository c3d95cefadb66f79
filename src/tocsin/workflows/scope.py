"""What expressions see: the inputs, the steps that went before, the item, the run. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.documents import Doc, StepStatus
from tocsin.workflows.definition import Step, WorkflowDefinition
from tocsin.workflows.expressions import evaluate, references
from tocsin.workflows.states import Flow, StepState, Work

NO_ITEM = object()


class Missing(Exception):  # no error, but a question
    """Results of these steps must be read before it can be decided."""

    def __init__(self, keys: Iterable[str]) -> None:
        super().__init__("results are needed")
        self.keys = frozenset(keys)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What deciding needs beside the flow: `results` are those read so far, `prepare` makes the stored job of a run of
    a step from its kind and parameters, and raises InvalidInput.
    """

    definition: WorkflowDefinition
    now: datetime
    results: Mapping[str, Any]
    prepare: Callable[[Work, str, Mapping[str, Any]], Doc]

    def step(self, key: str) -> Step:
        """The step of this key."""
        return next(step for step in self.definition.steps if step.key == key)


def fill_in(value: Any, flow: Flow, around: Surroundings, item: Any = NO_ITEM, index: int = 0) -> Any:
    """The JSON value with its expressions evaluated. Raises ExpressionError, and Missing."""
    scope = _scope(flow, around, _wanted(value, flow))
    if item is not NO_ITEM:
        scope |= {"item": item, "index": index}
    return evaluate(value, scope)


def result_of(key: str, flow: Flow, around: Surroundings) -> Any:
    """The result of a step: null unless it was completed, or failed in part and was let go on. Raises Missing."""
    step, state = around.step(key), flow.steps[key]
    if not _has_result(state):
        return None
    if step.wait is not None:
        return {"until": _moment(state.finished_at)}
    if step.approval is not None:
        return {"approved": True, **(state.decision or {"by": None, "at": _moment(state.finished_at)})}
    if key not in around.results:
        raise Missing([key])
    return around.results[key]


def _has_result(state: StepState) -> bool:
    return state.status is StepStatus.COMPLETED or (state.status is StepStatus.FAILED and state.items is not None)


def _wanted(value: Any, flow: Flow) -> list[str]:
    named = references(value)
    return [key for key in flow.steps if key in named or "*" in named]


def _scope(flow: Flow, around: Surroundings, keys: list[str]) -> dict[str, Any]:
    missing = [key for key in keys if _is_missing(key, flow, around)]
    if missing:
        raise Missing(missing)
    document = flow.document
    return {
        "inputs": flow.inputs,
        "steps": {key: _seen(key, flow, around) for key in keys},
        "workflow": {"name": document["name"], "version": document["version"]},
        "run": {"id": flow.id, "dueAt": _moment(document["due_at"])},
    }


def _is_missing(key: str, flow: Flow, around: Surroundings) -> bool:
    try:
        result_of(key, flow, around)
    except Missing:
        return True
    return False


def _seen(key: str, flow: Flow, around: Surroundings) -> dict[str, Any]:
    state = flow.steps[key]
    return {"status": state.status.value, "error": state.error, "result": result_of(key, flow, around)}


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
