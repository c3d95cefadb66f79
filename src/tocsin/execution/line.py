"""The claimed runs that wait for a worker of this process: owners take turns, no target host gets too many at once."""

from collections import Counter
from heapq import heappop, heappush
from typing import Generic, Protocol, TypeVar

from tocsin.documents import Doc
from tocsin.execution.turns import Turns
from tocsin.tasks.lanes import rank_of

Lane = tuple[str, str | None]
"""An owner and a target host."""


class Claimed(Protocol):
    """What stands in line."""

    run: Doc


T = TypeVar("T", bound=Claimed)


class Line(Generic[T]):
    """`limit` bounds how many attempts call one host at the same time; it may be changed at any moment."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.calling: Counter[str] = Counter()
        self._turns = Turns()
        self._lanes: dict[Lane, list[tuple[int, int, T]]] = {}
        self._heap: list[tuple[int, int, Lane]] = []
        self._parked: dict[str, list[Lane]] = {}
        self._count = 0
        self._waiting = 0

    def __len__(self) -> int:
        return self._waiting

    def add(self, held: T) -> None:
        """Stand in line, by rank among the owner's others to the same host."""
        lane = held.run["owner"], held.run.get("host")
        self._waiting += 1
        self._count += 1
        is_new = lane not in self._lanes
        heappush(self._lanes.setdefault(lane, []), (_rank(held.run), self._count, held))
        if is_new:
            self._push(lane)

    def pop(self) -> T | None:
        """The next whose attempt may begin; None while there is none."""
        while self._heap:
            turn, _, lane = heappop(self._heap)
            owner, host = lane
            if turn < self._turns.of(owner):
                self._push(lane)
            elif host is not None and self.calling[host] >= self.limit:
                self._parked.setdefault(host, []).append(lane)
            else:
                return self._take(lane)
        return None

    def ended(self, run: Doc) -> None:
        """The attempt of a run that was popped is over."""
        host = run.get("host")
        if host is not None:
            self.calling[host] -= 1
            if not self.calling[host]:
                del self.calling[host]
            for lane in self._parked.pop(host, ()):
                self._push(lane)

    def withdraw(self, lane: Lane | None = None) -> list[T]:
        """Take back those of one owner to one host, or all."""
        lanes = [lane] if lane is not None else list(self._lanes)
        taken = [held for each in lanes for _, _, held in sorted(self._lanes.pop(each, ()))]
        self._heap = [entry for entry in self._heap if entry[2] in self._lanes]
        self._heap.sort()
        self._parked = {host: [each for each in kept if each in self._lanes] for host, kept in self._parked.items()}
        self._waiting -= len(taken)
        return taken

    def _take(self, lane: Lane) -> T:
        owner, host = lane
        held = heappop(self._lanes[lane])[2]
        self._waiting -= 1
        self._turns.take(owner)
        if host is not None:
            self.calling[host] += 1
        if self._lanes[lane]:
            self._push(lane)
        else:
            del self._lanes[lane]
        return held

    def _push(self, lane: Lane) -> None:
        self._count += 1
        heappush(self._heap, (self._turns.of(lane[0]), self._count, lane))


def _rank(run: Doc) -> int:
    queued_at = run.get("queued_at")
    return 0 if queued_at is None else rank_of(queued_at, run.get("priority") or 0)
