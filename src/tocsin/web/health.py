"""The health of a process's parts, as `/ready` reports it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ComponentHealth:
    """The health of one part. `note` is a message to the operator, shown instead of the state."""

    is_healthy: bool
    note: str | None = None

    def __str__(self) -> str:
        return self.note or ("ready" if self.is_healthy else "unavailable")
