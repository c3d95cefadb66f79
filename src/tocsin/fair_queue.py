"""A queue in which owners take turns: start-time fair queuing (Goyal, Vin, Cheng 1996). Pure.

Each item costs its owner a turn; whoever takes it may charge more. An owner who comes anew is next, however many items
of others wait. Turns outlast the items, so that an owner gains nothing by adding them little by little.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, Generic, TypeVar

T = TypeVar("T")
_MANY = 10_000


class FairQueue(Generic[T]):
    """Items by owner and key. An owner's own items come by `order`, any value that compares with the others."""

    def __init__(self) -> None:
        self._items: dict[str, tuple[str, T]] = {}
        self._lines: dict[str, list[tuple[Any, str]]] = {}
        self._owners: list[tuple[int, Any, str]] = []
        self._following: dict[str, int] = {}
        self._time = 0

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, key: str) -> bool:
        return key in self._items

    def count(self, owner: str) -> int:
        """How many items of this owner wait; some that were taken out with `discard` may still be counted."""
        return len(self._lines.get(owner, ()))

    def owners(self) -> list[str]:
        """The owners of whom something waits."""
        return list(self._lines)

    def add(self, owner: str, key: str, order: Any, item: T) -> None:
        """Queue an item, unless one with this key waits."""
        if key in self._items:
            return
        self._items[key] = owner, item
        line = self._lines.get(owner)
        if line is None:
            line = self._lines[owner] = []
            heappush(self._owners, (self._turn(owner), order, owner))
        heappush(line, (order, key))

    def discard(self, key: str) -> None:
        """Take an item out, if it waits."""
        self._items.pop(key, None)

    def pop(self, may_go: Callable[[str], bool] = lambda _: True) -> tuple[str, T] | None:
        """Take the next item, with its owner; None if none waits of an owner who may go."""
        held_up: list[tuple[int, Any, str]] = []
        found = None
        while self._owners and found is None:
            entry = turn, order, owner = heappop(self._owners)
            if turn < self._turn(owner):
                heappush(self._owners, (self._turn(owner), order, owner))
            elif not may_go(owner):
                held_up.append(entry)
            else:
                found = self._take(owner, turn)
        for entry in held_up:
            heappush(self._owners, entry)
        return found

    def charge(self, owner: str, turns: int) -> None:
        """Let an owner's items cost so many turns more."""
        self._following[owner] = self._turn(owner) + turns
        if len(self._following) > _MANY:
            self._following = {name: turn for name, turn in self._following.items() if turn > self._time}

    def clear(self) -> None:
        """Take all items out. The turns stay."""
        self._items, self._lines, self._owners = {}, {}, []

    def _turn(self, owner: str) -> int:
        return max(self._time, self._following.get(owner, 0))

    def _take(self, owner: str, turn: int) -> tuple[str, T] | None:
        line, found = self._lines[owner], None
        while line and found is None:
            found = self._items.pop(heappop(line)[1], None)
        if found is not None:
            self._time = turn
            self.charge(owner, 1)
        if line:
            heappush(self._owners, (self._turn(owner), line[0][0], owner))
        else:
            del self._lines[owner]
        return found
