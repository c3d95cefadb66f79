"""The stages of admitted runs, and the keys under which these count. Pure."""

from collections import Counter
from dataclasses import dataclass
from enum import Enum

from tocsin.dispatch.limits import ProcessLimits
from tocsin.dispatch.prefetch import PrefetchWindow
from tocsin.documents import RunDocument

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


class AdmittedRuns:
    """The admitted runs by ID and fence, with their counts by key, and the prefetch window of these keys."""

    def __init__(self) -> None:
        self.counts: Counter[CountKey] = Counter()
        self.prefetch = PrefetchWindow()
        self._runs: dict[tuple[str, int], AdmittedRun] = {}

    def __len__(self) -> int:
        return len(self._runs)

    def add(self, run: RunDocument, host: str | None, keys: list[CountKey], stage: ClaimStage) -> None:
        """Add a run, given as it is before its claim, which counts under these keys."""
        owner = run["owner"]
        self.prefetch.mark_busy(("owner", owner))
        self.prefetch.mark_busy(("owner to host", owner, host))
        admitted = self._runs[run["_id"], run["fence"] + 1] = AdmittedRun(owner, host, keys, stage)
        self._count(keys, 1)
        self._count(admitted.stage_keys(), 1)

    def find_stage(self, run: RunDocument) -> ClaimStage | None:
        """Return the stage of a run, given as it was before its claim, if it is admitted."""
        admitted = self._runs.get((run["_id"], run["fence"] + 1))
        return None if admitted is None else admitted.stage

    def may_wait(self, run: RunDocument, limits: ProcessLimits) -> bool:
        """Return whether a run without a place may be claimed ahead, and wait for one."""
        counts, room, owner, host = self.counts, limits.prefetch, run["owner"], run.get("host")
        half = (room + 1) // 2
        if counts["waiting",] >= room:
            return False
        if host is not None and counts["host", host] >= limits.host_concurrency + room * 7 // 8:
            return False
        own, to_host = counts["waiting", owner], counts["waiting", owner, host]
        of_priority = counts["priority", owner, host, run.get("priority") or 0] - counts["places", owner]
        if own >= half or of_priority >= half - half // 8:
            return False
        if own >= self.prefetch.max_waiting(("owner", owner)):
            return False
        return to_host < self.prefetch.max_waiting(("owner to host", owner, host))

    def advance(self, run: RunDocument, stage: ClaimStage) -> bool:
        """Move a claimed run to a stage. Return whether it is admitted."""
        admitted = self._runs.get((run["_id"], run["fence"]))
        if admitted is None:
            return False
        self._count(admitted.stage_keys(), -1)
        admitted.stage = stage
        self._count(admitted.stage_keys(), 1)
        if stage is ClaimStage.STARTED:
            self.prefetch.count_start(("owner", admitted.owner))
            self.prefetch.count_start(("owner to host", admitted.owner, admitted.host))
        return True

    def remove(self, run: RunDocument, *, claimed: bool) -> bool:
        """Remove a run, given as it is after its claim or, if not `claimed`, before. Return whether it was admitted."""
        admitted = self._runs.pop((run["_id"], run["fence"] + (not claimed)), None)
        if admitted is None:
            return False
        self._count(admitted.stage_keys(), -1)
        self._count(admitted.keys, -1)
        return True

    def _count(self, keys: list[CountKey], by: int) -> None:
        for key in keys:
            self.counts[key] += by
            if not self.counts[key]:
                del self.counts[key]
                self.prefetch.mark_idle(key)
