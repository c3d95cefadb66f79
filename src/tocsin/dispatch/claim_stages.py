"""The stages of admitted runs, and the keys under which these count. Pure."""

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

    def stage_keys(self) -> list[CountKey]:
        """Return the keys under which the run counts in its stage."""
        if self.stage is ClaimStage.WAITING:
            return [("waiting",), ("waiting", self.owner), ("waiting", self.owner, self.host)]
        return [("places",), ("places", self.owner)] if self.stage in _WITH_PLACE else []
