"""The state of a workflow run and its steps, converted from its document and back. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from tocsin.documents import (
    SETTLED_STEP_STATUSES,
    ApprovalDecisionDocument,
    ErrorDocument,
    RunStatus,
    StepDocument,
    StepReason,
    StepStatus,
    WorkflowRunDocument,
)
from tocsin.workflows.language.definition import OnFailure, Step


class ItemState(StrEnum):
    """The state of an item of a `forEach` step, or of a compensation.

    The states of all items are stored as one text: a thousand of them are a kilobyte.
    """

    PENDING = "P"
    RUNNING = "R"
    COMPLETED = "C"
    FAILED = "F"
    CANCELLED = "X"


class StopReason(StrEnum):
    """The reason why a workflow run starts no further steps."""

    CANCEL = "CANCEL"
    TIMEOUT = "TIMEOUT"
    COMPENSATE = "COMPENSATE"


SETTLED_AS = {
    ItemState.COMPLETED: (StepStatus.COMPLETED, None),
    ItemState.FAILED: (StepStatus.FAILED, StepReason.RUN_FAILED),
    ItemState.CANCELLED: (StepStatus.CANCELLED, StepReason.CANCEL_REQUESTED),
}
"""The end of a step by the state of its run, or the worst state of its items."""


@dataclass(slots=True)
class StepState:
    """The state of a step. The fields are stored under their names.

    `round` counts how often a person had the step repeated. `items` has the states of the items of a `forEach` step,
    `values` their JSON texts; both are None for other steps. `wake_at` is when a wait ends or an approval times out,
    `remind_at` when the next reminder is due. `decision` is who decided an approval, when, and their comment. `undo` is
    the state of the compensation.
    """

    status: StepStatus = StepStatus.PENDING
    reason: StepReason | None = None
    round: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: ErrorDocument | None = None
    items: str | None = None
    values: list[str] | None = None
    wake_at: datetime | None = None
    remind_at: datetime | None = None
    reminders: int = 0
    asks: str | None = None
    message: str | None = None
    decision: ApprovalDecisionDocument | None = None
    undo: str | None = None

    @property
    def is_settled(self) -> bool:
        """True if the step has an end in this round."""
        return self.status in SETTLED_STEP_STATUSES

    def settle(
        self, status: StepStatus, now: datetime, reason: StepReason | None = None, error: ErrorDocument | None = None
    ) -> None:
        """End the step."""
        self.status, self.reason, self.finished_at, self.error = status, reason, now, error
        self.wake_at = self.remind_at = None

    def to_document(self) -> StepDocument:
        """Return the stored form, without fields at their defaults."""
        document: dict[str, Any] = {"status": self.status}
        for name in _PLAIN:
            if (value := getattr(self, name)) not in (None, 0):
                document[name] = value
        if self.reason is not None:
            document["reason"] = self.reason
        return cast("StepDocument", document)

    @classmethod
    def from_document(cls, document: StepDocument) -> "StepState":
        """Return the state from its stored form."""
        if len(document) == 1:  # most steps of a long chain
            return cls(StepStatus(document["status"]))
        plain: dict[str, Any] = {name: value for name, value in document.items() if name in _PLAIN}
        reason = StepReason(document["reason"]) if "reason" in document else None
        return cls(status=StepStatus(document["status"]), reason=reason, **plain)


_PLAIN = tuple(name for name in StepState.__dataclass_fields__ if name not in {"status", "reason"})
"""The fields that are stored as they are."""


@dataclass(frozen=True, slots=True)
class StepRunRef:
    """A reference to a run of a step, of one of its items, or of its compensation."""

    key: str
    item: int | None = None
    is_compensation: bool = False

    def run_id(self, workflow_run: str) -> str:
        """Return the id of the run. It is deterministic, so that the run is created only once."""
        place = "" if self.item is None else f"[{self.item}]"
        return f"{workflow_run}:{self.key}{place}{'!undo' if self.is_compensation else ''}"


@dataclass(frozen=True, slots=True)
class StepRunOutcome:
    """The outcome of a run, as far as its step needs it."""

    status: RunStatus
    round: int
    finished_at: datetime | None
    error: ErrorDocument | None


@dataclass(slots=True)
class WorkflowState:
    """The state of a workflow run while it is advanced. `inputs` is a JSON text, `runs_to_cancel` are ids."""

    document: WorkflowRunDocument
    steps: dict[str, StepState]
    inputs: str
    stopping: StopReason | None = None
    runs_to_cancel: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The id of the workflow run."""
        return self.document["_id"]

    @classmethod
    def from_document(cls, document: WorkflowRunDocument) -> "WorkflowState":
        """Return the state of a stored workflow run."""
        steps = {key: StepState.from_document(state) for key, state in document["steps"].items()}
        stopping = document["stopping"]
        return cls(document, steps, document["inputs"], None if stopping is None else StopReason(stopping))

    def active_runs(self) -> list[StepRunRef]:
        """Return the active runs."""
        found: list[StepRunRef] = []
        for key, state in self.steps.items():
            if state.undo == ItemState.RUNNING:
                found.append(StepRunRef(key, is_compensation=True))
            if state.items is not None:
                found += [StepRunRef(key, index) for index in find_indexes(ItemState.RUNNING, state.items)]
            elif state.status is StepStatus.RUNNING:
                found.append(StepRunRef(key))
        return found

    def count_settled(self) -> int:
        """Return the number of settled steps."""
        return sum(state.is_settled for state in self.steps.values())

    def has_failed(self, step: Step) -> bool:
        """Return whether the step failed or was cancelled, and the workflow does not continue after that."""
        bad = self.steps[step.key].status in {StepStatus.FAILED, StepStatus.CANCELLED}
        return bad and step.on_failure is not OnFailure.CONTINUE

    def blocks_dependents(self, step: Step) -> bool:
        """Return whether the steps that depend on this one are skipped. One skipped by its condition blocks none."""
        state = self.steps[step.key]
        is_skipped = state.status is StepStatus.SKIPPED and state.reason is not StepReason.CONDITION
        return is_skipped or self.has_failed(step)

    def settle_items(self, step: Step, now: datetime) -> None:
        """Settle a `forEach` step once none of its items is running or still to start."""
        step_state = self.steps[step.key]
        items = step_state.items
        if items is None or step_state.is_settled or ItemState.RUNNING in items:
            return
        is_broken = ItemState.FAILED in items and step.on_failure is not OnFailure.CONTINUE
        if ItemState.PENDING in items and not is_broken and self.stopping is None:
            return
        step_state.items = items = items.replace(ItemState.PENDING, ItemState.CANCELLED)
        worst = next((one for one in (ItemState.FAILED, ItemState.CANCELLED) if one in items), ItemState.COMPLETED)
        status, reason = SETTLED_AS[worst]
        step_state.settle(status, now, reason, step_state.error)


def find_indexes(item_state: ItemState, items: str) -> Iterator[int]:
    """Yield the indexes of the items in a state. Faster than a loop over ten thousand of which few match."""
    index = items.find(item_state)
    while index >= 0:
        yield index
        index = items.find(item_state, index + 1)
