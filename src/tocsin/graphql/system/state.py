"""The state of the serving process, which it passes to the API."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tocsin.clock import EPOCH


class PartHealth(Protocol):
    """The health of a part of a process. `note` is a message to the operator, None if there is none."""

    @property
    def is_healthy(self) -> bool:
        """True if the part works."""

    @property
    def note(self) -> str | None:
        """What the operator should know."""


async def _no_parts() -> Mapping[str, PartHealth]:
    return {}


@dataclass(frozen=True, slots=True)
class ProcessState:
    """The process that serves the API: its ID among all processes, and its health by part."""

    process_id: str = ""
    started_at: datetime = EPOCH
    check_health: Callable[[], Awaitable[Mapping[str, PartHealth]]] = _no_parts
