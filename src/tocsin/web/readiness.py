"""The state of a process's parts, as `/ready` tells it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PartState:
    """A part works or does not; `note` is what an operator should know of it."""

    works: bool
    note: str | None = None

    def __str__(self) -> str:
        return self.note or ("ready" if self.works else "unavailable")
