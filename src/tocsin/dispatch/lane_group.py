"""A group of lanes: those that are refused for one cause, or those that are not refused. Owners in turn, by rank."""

from collections.abc import Callable
from heapq import heappop, heappush, heapreplace

from tocsin.dispatch.lane import Lane
from tocsin.dispatch.refusal import Release
from tocsin.security.gcra import Milliseconds

Key = tuple[int, int, str]
"""The turn of an owner, the lowest rank of its lanes in the group, and the owner: the lowest key goes first."""


_MIN_FORMER = 64
"""Entries of former places that a group may have in any case."""


class LaneGroup:
    """Lanes that are asked one after the other. The group of a refusal is closed until its first lane may be asked.

    `find_turn` returns the turn of an owner, which only grows. A lane is removed by giving it another place: entries of
    former places and of former turns are corrected when they come first.
    """

    def __init__(self, find_turn: Callable[[str], int], cause: tuple[object, ...] | None = None) -> None:
        self._find_turn = find_turn
        self.cause = cause
        self.offered: Key | None = None
        """The key under which the group is offered, while it is open."""
        self.ends_with: tuple[Release, ...] = ()
        self.until: Milliseconds | None = None
        """The events that end the refusal, while the group is closed."""
        self._size = 0
        self._entries = 0
        self._owners: list[Key] = []
        self._lanes: dict[str, list[tuple[int, int, Lane]]] = {}

    def add(self, lane: Lane) -> None:
        """Add a lane at its place, by the rank of its first run."""
        self._size += 1
        if self._entries > 2 * self._size + _MIN_FORMER:
            self._drop_former()
        self._push(lane)

    def leave(self) -> None:
        """Note that a lane has got another place."""
        self._size -= 1

    def _push(self, lane: Lane) -> None:
        self._entries += 1
        lanes = self._lanes.setdefault(lane.owner, [])
        entry = (lane.first()["rank"] or 0, lane.place, lane)
        heappush(lanes, entry)
        if lanes[0] is entry:
            heappush(self._owners, (self._find_turn(lane.owner), entry[0], lane.owner))

    def __len__(self) -> int:
        return self._size

    def lanes(self) -> list[Lane]:
        """Return the lanes of the group."""
        return [lane for lanes in self._lanes.values() for _, place, lane in lanes if place == lane.place]

    def first(self) -> tuple[Key, Lane] | None:
        """Return the lane that goes first, with its key; None if there are no lanes."""
        while self._owners:
            owner = self._owners[0][2]
            if (entry := self._first_of(owner)) is None:
                heappop(self._owners)
                continue
            key = (self._find_turn(owner), entry[0], owner)
            if key == self._owners[0]:
                return key, entry[2]
            heapreplace(self._owners, key)
        return None

    def _first_of(self, owner: str) -> tuple[int, int, Lane] | None:
        lanes = self._lanes.get(owner, [])
        while lanes and lanes[0][1] != lanes[0][2].place:
            heappop(lanes)
        if lanes:
            return lanes[0]
        self._lanes.pop(owner, None)
        return None

    def _drop_former(self) -> None:
        """Drop the entries of former places. They are most of all by then, so the cost of each is constant."""
        present = self.lanes()
        self._owners, self._lanes, self._entries = [], {}, 0
        for lane in present:
            self._push(lane)
