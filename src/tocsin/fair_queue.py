"""Owners take turns: start-time fair queuing (Goyal, Vin, Cheng 1996).

Each item costs its owner a turn; whoever takes it may charge more. An owner who comes anew is next, however many items
of others wait. Turns outlast the items, so that an owner gains nothing by adding them little by little.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
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


class FairSlots:
    """Room for a few pieces of work at once: of each owner one at a time, owners in turn.

    Long work that takes a slot for each of its slices keeps nobody waiting for longer than a slice.
    """

    def __init__(self, slots: int) -> None:
        self._free = slots
        self._busy: set[str] = set()
        self._waiting: FairQueue[asyncio.Future[None]] = FairQueue()
        self._count = 0

    @asynccontextmanager
    async def slot(self, owner: str) -> AsyncIterator[None]:
        """Wait for the owner's turn, and hold a slot meanwhile."""
        await self._enter(owner)
        try:
            yield
        finally:
            self._leave(owner)

    async def _enter(self, owner: str) -> None:
        self._count += 1
        key, turn = str(self._count), asyncio.get_running_loop().create_future()
        self._waiting.add(owner, key, self._count, turn)
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            self._waiting.discard(key)
            if not turn.cancelled():  # it was admitted in the same moment
                self._leave(owner)
            raise

    def _leave(self, owner: str) -> None:
        self._busy.discard(owner)
        self._free += 1
        self._admit()

    def _admit(self) -> None:
        while self._free and (found := self._waiting.pop(lambda owner: owner not in self._busy)) is not None:
            owner, turn = found
            if not turn.cancelled():
                self._free -= 1
                self._busy.add(owner)
                turn.set_result(None)
