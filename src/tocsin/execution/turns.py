"""Owners take turns: start-time fair queuing (Goyal, Vin, Cheng 1996), where each run costs one. Pure.

Until a run goes, of each other owner at most two more go than of its own owner, whatever their number and priority.
"""

from collections import deque
from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush

from tocsin.documents import Doc

_MANY = 10_000


class Turns:
    """Which owner is next. The virtual time is the turn of the run that was taken last."""

    def __init__(self) -> None:
        self._time = 0
        self._following: dict[str, int] = {}

    def of(self, owner: str) -> int:
        """The owner's next turn: the lowest goes first."""
        return max(self._time, self._following.get(owner, 0))

    def take(self, owner: str) -> None:
        """A run of this owner is taken."""
        self._time = self.of(owner)
        self._following[owner] = self._time + 1
        if len(self._following) > _MANY:
            self._following = {name: turn for name, turn in self._following.items() if turn > self._time}


def choose(
    runs: Iterable[Doc], room: int, turns: Turns, admit: Callable[[Doc], bool]
) -> tuple[list[Doc], list[Doc], bool]:
    """The runs that go now, those that were refused, and whether others were not asked for want of room.

    Of one owner the lowest rank goes first; who is refused costs his owner no turn.
    """
    waiting: dict[str, deque[Doc]] = {}
    for run in sorted(runs, key=lambda run: run["rank"]):
        waiting.setdefault(run["owner"], deque()).append(run)
    heap = [(turns.of(owner), line[0]["rank"], owner) for owner, line in waiting.items()]
    heapify(heap)
    chosen: list[Doc] = []
    refused: list[Doc] = []
    while heap and len(chosen) < room:
        owner = heappop(heap)[2]
        run = waiting[owner].popleft()
        if admit(run):
            chosen.append(run)
            turns.take(owner)
        else:
            refused.append(run)
        if waiting[owner]:
            heappush(heap, (turns.of(owner), waiting[owner][0]["rank"], owner))
    return chosen, refused, bool(heap)
