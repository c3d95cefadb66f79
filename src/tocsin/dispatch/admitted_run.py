"""An admitted run, and the keys under which the run limiter counts it."""

from dataclasses import dataclass
from enum import Enum

CountKey = tuple[object, ...]


class ClaimStage(Enum):
    """The progress of a claimed run: it has a place among the attempts, waits for one, is running, or has ended."""

    READY = "READY"
    WAITING = "WAITING"
    STARTED = "STARTED"
    ENDED = "ENDED"


_WITH_PLACE = frozenset({ClaimStage.READY, ClaimStage.STARTED})


@dataclass(slots=True)
class AdmittedRun:
    """An admitted run: the keys under which it counts until it is released, and its stage."""

    owner: str
    host: str | None
    keys: list[CountKey]
    stage: ClaimStage


def stage_keys(stage: ClaimStage, owner: str, host: str | None) -> list[CountKey]:
    """Return the keys under which a run counts in this stage."""
    if stage is ClaimStage.WAITING:
        return [("waiting",), ("waiting", owner), ("waiting", owner, host)]
    return [("places",), ("places", owner)] if stage in _WITH_PLACE else []
