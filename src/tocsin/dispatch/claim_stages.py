"""The stages of admitted runs, and the tallies in which these count. Pure."""

from dataclasses import dataclass
from enum import Enum

from tocsin.dispatch.limits import ProcessLimits
from tocsin.dispatch.prefetch import PrefetchWindow
from tocsin.documents import RunDocument

CountKey = tuple[object, ...]
"""The subject of a tally, such as ("owner to host", an owner, a host)."""


class ClaimStage(Enum):
    """The progress of a claimed run: it has a place among the attempts, waits for one, is running, or has ended."""

    READY = "READY"
    WAITING = "WAITING"
    STARTED = "STARTED"
    ENDED = "ENDED"


@dataclass(slots=True, eq=False)
class Tally:
    """The number of the admitted runs with a key. Of an owner's and of all, also those that wait for or have a place.

    Those that wait are also counted by target.
    """

    key: CountKey = ()
    admitted: int = 0
    waiting: int = 0
    with_place: int = 0


_NOTHING = Tally()


@dataclass(slots=True, eq=False)
class AdmittedRun:
    """An admitted run: its stage, and the tallies in which it counts until it is released."""

    stage: ClaimStage
    owner: Tally
    target: Tally
    others: list[Tally]


class AdmittedRuns:
    """The admitted runs by ID and fence, with their tallies by key, and the prefetch window of these keys.

    The window has the keys ("owner", owner) and ("owner to host", owner, host).
    """

    def __init__(self) -> None:
        self.all = Tally()
        self.tallies: dict[CountKey, Tally] = {}
        self.prefetch = PrefetchWindow()
        self._runs: dict[tuple[str, int], AdmittedRun] = {}

    def __len__(self) -> int:
        return len(self._runs)

    def find(self, *key: object) -> Tally:
        """Return the tally with this key, to be read only."""
        return self.tallies.get(key, _NOTHING)

    def add(self, run: RunDocument, queue: str, stage: ClaimStage) -> None:
        """Add a run, given as it is before its claim."""
        owner, host = run["owner"], run.get("host")
        keys: list[CountKey] = [("queue", queue), ("owner in queue", owner, queue)]
        if host is not None:
            keys += [("host", host), ("priority", owner, host, run.get("priority") or 0)]
        admitted = self._runs[run["_id"], run["fence"] + 1] = AdmittedRun(
            stage,
            self._count_in(("owner", owner), in_window=True),
            self._count_in(("owner to host", owner, host), in_window=True),
            [self._count_in(key) for key in keys],
        )
        self._count_stage(admitted, 1)

    def find_stage(self, run: RunDocument) -> ClaimStage | None:
        """Return the stage of a run, given as it was before its claim, if it is admitted."""
        admitted = self._runs.get((run["_id"], run["fence"] + 1))
        return None if admitted is None else admitted.stage

    def may_wait(self, run: RunDocument, limits: ProcessLimits) -> bool:
        """Return whether a run without a place may be claimed ahead, and wait for one."""
        room, owner, host = limits.prefetch, run["owner"], run.get("host")
        half = (room + 1) // 2
        if self.all.waiting >= room:
            return False
        if host is not None and self.find("host", host).admitted >= limits.host_concurrency + room * 7 // 8:
            return False
        of_owner, to_host = self.find("owner", owner), self.find("owner to host", owner, host)
        of_priority = self.find("priority", owner, host, run.get("priority") or 0).admitted - of_owner.with_place
        if of_owner.waiting >= half or of_priority >= half - half // 8:
            return False
        if of_owner.waiting >= self.prefetch.max_waiting(("owner", owner)):
            return False
        return to_host.waiting < self.prefetch.max_waiting(("owner to host", owner, host))

    def advance(self, run: RunDocument, stage: ClaimStage) -> bool:
        """Move a claimed run to a stage. Return whether it is admitted."""
        admitted = self._runs.get((run["_id"], run["fence"]))
        if admitted is None:
            return False
        self._count_stage(admitted, -1)
        admitted.stage = stage
        self._count_stage(admitted, 1)
        if stage is ClaimStage.STARTED:
            self.prefetch.count_start(admitted.owner.key)
            self.prefetch.count_start(admitted.target.key)
        return True

    def remove(self, run: RunDocument, *, claimed: bool) -> bool:
        """Remove a run, given as it is after its claim or, if not `claimed`, before. Return whether it was admitted."""
        admitted = self._runs.pop((run["_id"], run["fence"] + (not claimed)), None)
        if admitted is None:
            return False
        self._count_stage(admitted, -1)
        for tally in (admitted.owner, admitted.target, *admitted.others):
            tally.admitted -= 1
            if not tally.admitted:
                del self.tallies[tally.key]
                self.prefetch.mark_idle(tally.key)
        return True

    def _count_in(self, key: CountKey, *, in_window: bool = False) -> Tally:
        """Count a run in the tally with this key, and return that."""
        tally = self.tallies.get(key)
        if tally is None:
            tally = self.tallies[key] = Tally(key)
            if in_window:
                self.prefetch.mark_busy(key)
        tally.admitted += 1
        return tally

    def _count_stage(self, admitted: AdmittedRun, by: int) -> None:
        if admitted.stage is ClaimStage.WAITING:
            self.all.waiting += by
            admitted.owner.waiting += by
            admitted.target.waiting += by
        elif admitted.stage is not ClaimStage.ENDED:
            self.all.with_place += by
            admitted.owner.with_place += by
