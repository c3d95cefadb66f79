"""A workflow run as it is thought about: the states of its steps, taken from its document and written back. Pure.

The items of a step with `forEach` are one letter each in a text: a thousand of them are a kilobyte.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tocsin.documents import SETTLED_STEPS, Doc, StepReason, StepStatus

PENDING, RUNNING, COMPLETED, FAILED, CANCELLED = "PRCFX"


@dataclass(slots=True)
class StepState:
    """Where a step is. `round` counts how often a person had it done again.

    `items` are the states of the items of a step with `forEach`, `values` their JSON texts; both are None without.
    `wake_at` is when a wait ends or an approval times out, `remind_at` when its next reminder is due. `decision` is who
    decided an approval, when, and his comment. `undo` is the state of its compensation.
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
    def settled(self) -> bool:
        """Whether nothing more comes of it in this round."""
        return self.status in SETTLED_STEPS

    def settle(
        self, status: StepStatus, now: datetime, reason: StepReason | None = None, error: Doc | None = None
    ) -> None:
        """Its end."""
        self.status, self.reason, self.finished_at, self.error = status, reason, now, error
        self.wake_at = self.remind_at = None

    def to_document(self) -> Doc:
        """What is stored: what is not as it was at first."""
        document: Doc = {"status": self.status.value}
        for name in _PLAIN:
            if (value := getattr(self, name)) not in (None, 0):
                document[name] = value
        if self.reason is not None:
            document["reason"] = self.reason.value
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "StepState":
        """The state that was stored."""
        plain = {name: document[name] for name in _PLAIN if name in document}
        reason = document.get("reason")
        return cls(status=StepStatus(document["status"]), reason=reason and StepReason(reason), **plain)


_PLAIN = tuple(name for name in StepState.__dataclass_fields__ if name not in {"status", "reason"})


@dataclass(frozen=True, slots=True)
class Work:
    """A run of a step: of one of its items, or of its compensation."""

    key: str
    item: int | None = None
    undo: bool = False

    def run_id(self, workflow_run: str) -> str:
        """The id of the run: the same whoever derives it, so that it is made once."""
        place = "" if self.item is None else f"[{self.item}]"
        return f"{workflow_run}:{self.key}{place}{'!undo' if self.undo else ''}"


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a run, as far as its step needs to know."""

    status: str
    round: int
    finished_at: datetime | None
    error: Doc | None


@dataclass(slots=True)
class Flow:
    """A workflow run while it is moved. `inputs` are a JSON text.

    `stopping` is why nothing new is begun: CANCEL, TIMEOUT or COMPENSATE.
    """

    document: Doc
    steps: dict[str, StepState]
    inputs: str
    stopping: str | None = None
    cancels: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The workflow run's id."""
        run_id: str = self.document["_id"]
        return run_id

    @classmethod
    def of(cls, document: Doc) -> "Flow":
        """What a stored workflow run is."""
        steps = {key: StepState.from_document(state) for key, state in document["steps"].items()}
        return cls(document, steps, document["inputs"], document["stopping"])

    def running(self) -> list[Work]:
        """The runs that are under way."""
        found: list[Work] = []
        for key, state in self.steps.items():
            if state.undo == RUNNING:
                found.append(Work(key, undo=True))
            if state.items is not None:
                found += [Work(key, index) for index in places_of(RUNNING, state.items)]
            elif state.status is StepStatus.RUNNING:
                found.append(Work(key))
        return found

    def done(self) -> int:
        """How many steps are settled."""
        return sum(state.settled for state in self.steps.values())


def places_of(letter: str, letters: str) -> Iterator[int]:
    """Yield the places of a letter: of ten thousand items, mostly a few."""
    at = letters.find(letter)
    while at >= 0:
        yield at
        at = letters.find(letter, at + 1)
