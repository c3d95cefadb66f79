"""The state of a workflow run and its steps, converted from its document and back. Pure.

The states of the items of a `forEach` step are stored as one letter each: a thousand of them are a kilobyte.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tocsin.documents import SETTLED_STEP_STATUSES, Doc, StepReason, StepStatus

PENDING, RUNNING, COMPLETED, FAILED, CANCELLED = "PRCFX"


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
    error: Doc | None = None
    items: str | None = None
    values: list[str] | None = None
    wake_at: datetime | None = None
    remind_at: datetime | None = None
    reminders: int = 0
    asks: str | None = None
    message: str | None = None
    decision: Doc | None = None
    undo: str | None = None

    @property
    def is_settled(self) -> bool:
        """True if the step has an end in this round."""
        return self.status in SETTLED_STEP_STATUSES

    def settle(
        self, status: StepStatus, now: datetime, reason: StepReason | None = None, error: Doc | None = None
    ) -> None:
        """End the step."""
        self.status, self.reason, self.finished_at, self.error = status, reason, now, error
        self.wake_at = self.remind_at = None

    def to_document(self) -> Doc:
        """Return the stored form, without fields at their defaults."""
        document: Doc = {"status": self.status.value}
        for name in _PLAIN:
            if (value := getattr(self, name)) not in (None, 0):
                document[name] = value
        if self.reason is not None:
            document["reason"] = self.reason.value
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "StepState":
        """Return the state from its stored form."""
        plain = {name: document[name] for name in _PLAIN if name in document}
        reason = document.get("reason")
        return cls(status=StepStatus(document["status"]), reason=reason and StepReason(reason), **plain)


_PLAIN = tuple(name for name in StepState.__dataclass_fields__ if name not in {"status", "reason"})


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

    status: str
    round: int
    finished_at: datetime | None
    error: Doc | None


@dataclass(slots=True)
class WorkflowState:
    """The state of a workflow run while it is advanced. `inputs` is a JSON text.

    `stopping` is why no further steps are started: CANCEL, TIMEOUT or COMPENSATE. `cancels` are the ids of runs to
    cancel.
    """

    document: Doc
    steps: dict[str, StepState]
    inputs: str
    stopping: str | None = None
    runs_to_cancel: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The id of the workflow run."""
        run_id: str = self.document["_id"]
        return run_id

    @classmethod
    def from_document(cls, document: Doc) -> "WorkflowState":
        """Return the state of a stored workflow run."""
        steps = {key: StepState.from_document(state) for key, state in document["steps"].items()}
        return cls(document, steps, document["inputs"], document["stopping"])

    def active_runs(self) -> list[StepRunRef]:
        """Return the active runs."""
        found: list[StepRunRef] = []
        for key, state in self.steps.items():
            if state.undo == RUNNING:
                found.append(StepRunRef(key, is_compensation=True))
            if state.items is not None:
                found += [StepRunRef(key, index) for index in find_indexes(RUNNING, state.items)]
            elif state.status is StepStatus.RUNNING:
                found.append(StepRunRef(key))
        return found

    def count_settled(self) -> int:
        """Return the number of settled steps."""
        return sum(state.is_settled for state in self.steps.values())


def find_indexes(letter: str, letters: str) -> Iterator[int]:
    """Yield the indexes of a letter. Faster than a loop over ten thousand items of which few match."""
    at = letters.find(letter)
    while at >= 0:
        yield at
        at = letters.find(letter, at + 1)
