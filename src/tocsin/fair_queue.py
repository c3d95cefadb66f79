"""Fair queuing between owners: round robin, and start-time fair queuing (Goyal, Vin, Cheng 1996).

With the latter, each item costs its owner one turn; the consumer can charge more. A new owner is served next, however
many items of others wait: while an item waits, each other owner gets at most two turns more than its own owner. Turns
outlast the items, so that an owner gains nothing by adding items one at a time.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from heapq import heappop, heappush
from typing import Any, Generic, TypeVar

T = TypeVar("T")
_MAX_TRACKED = 10_000


class RoundRobin(Generic[T]):
    """A queue of items by owner, first in, first out. Of each owner in turn, one item is taken."""

    def __init__(self) -> None:
        self._by_owner: dict[str, deque[T]] = {}
        self._owners: deque[str] = deque()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, owner: str, item: T) -> None:
        """Queue an item."""
        items = self._by_owner.get(owner)
        if items is None:
            items = self._by_owner[owner] = deque()
            self._owners.append(owner)
        items.append(item)
        self._count += 1

    def take(self, most: int) -> list[T]:
        """Remove and return the next items, at most so many."""
        taken: list[T] = []
        while self._owners and len(taken) < most:
            owner = self._owners.popleft()
            items = self._by_owner[owner]
            taken.append(items.popleft())
            if items:
                self._owners.append(owner)
            else:
                del self._by_owner[owner]
        self._count -= len(taken)
        return taken


class FairTurns:
    """The turns of owners. The virtual time is the turn that was taken last."""

    def __init__(self) -> None:
        self._time = 0
        self._following: dict[str, int] = {}
        self._max_tracked = _MAX_TRACKED

    def next_turn(self, owner: str) -> int:
        """Return the owner's next turn. The owner with the lowest one goes first."""
        following = self._following.get(owner, 0)
        return following if following > self._time else self._time

    def is_due(self, owner: str) -> bool:
        """Return whether the owner's next turn is not after the present one."""
        return self._following.get(owner, 0) <= self._time

    def has_missed(self, owner: str) -> bool:
        """Return whether others have taken turns that this owner could have had."""
        return self._following.get(owner, 0) < self._time

    def take_turn(self, owner: str) -> None:
        """Advance to the owner's next turn, and charge the owner for it."""
        self._time = turn = self.next_turn(owner)
        self._set_following(owner, turn + 1)

    def charge(self, owner: str, turns: int) -> None:
        """Charge an owner turns without taking one."""
        self._set_following(owner, self.next_turn(owner) + turns)

    def _set_following(self, owner: str, turn: int) -> None:
        self._following[owner] = turn
        if len(self._following) > self._max_tracked:
            self._following = {name: turn for name, turn in self._following.items() if turn > self._time}
            self._max_tracked = max(_MAX_TRACKED, 2 * len(self._following))  # so that not every call looks at all


class FairQueue(Generic[T]):
    """A queue of items by owner and key. Items of one owner are sorted by `order`, which must be comparable."""

    def __init__(self) -> None:
        self._items: dict[str, tuple[str, T]] = {}
        self._by_owner: dict[str, list[tuple[Any, str]]] = {}
        self._owners: list[tuple[int, bool, Any, str]] = []
        self._turns = FairTurns()

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, key: str) -> bool:
        return key in self._items

    def count(self, owner: str) -> int:
        """Return the number of items of an owner. Discarded ones may still be counted."""
        return len(self._by_owner.get(owner, ()))

    def owners(self) -> list[str]:
        """Return the owners with items in the queue. All items of some may be discarded."""
        return list(self._by_owner)

    def add(self, owner: str, key: str, order: Any, item: T) -> None:
        """Queue an item, unless one with this key is queued."""
        if key in self._items:
            return
        self._items[key] = owner, item
        owner_items = self._by_owner.get(owner)
        if owner_items is None:
            owner_items = self._by_owner[owner] = []
            self._push_owner(owner, order)
        heappush(owner_items, (order, key))

    def discard(self, key: str) -> None:
        """Remove an item, if it is queued."""
        self._items.pop(key, None)

    def pop(self, may_go: Callable[[str], bool] = lambda _: True) -> tuple[str, T] | None:
        """Remove and return the next item with its owner; None if no owner with items satisfies `may_go`."""
        blocked: list[tuple[int, bool, Any, str]] = []
        found = None
        while self._owners and found is None:
            entry = turn, _, order, owner = heappop(self._owners)
            if turn < self._turns.next_turn(owner):
                self._push_owner(owner, order)
            elif not may_go(owner):
                blocked.append(entry)
            else:
                found = self._take(owner)
        for entry in blocked:
            heappush(self._owners, entry)
        return found

    def is_next_behind(self) -> bool:
        """Return whether the next owner came when others had taken turns before, and has had none since."""
        return bool(self._owners) and not self._owners[0][1] and self._turns.has_missed(self._owners[0][3])

    def charge(self, owner: str, turns: int) -> None:
        """Charge an owner additional turns."""
        self._turns.charge(owner, turns)

    def clear(self) -> None:
        """Remove all items. The turns are kept."""
        self._items, self._by_owner, self._owners = {}, {}, []

    def _take(self, owner: str) -> tuple[str, T] | None:
        owner_items, found = self._by_owner[owner], None
        while owner_items and found is None:
            found = self._items.pop(heappop(owner_items)[1], None)
        if found is not None:
            self._turns.take_turn(owner)
        if owner_items:
            self._push_owner(owner, owner_items[0][0])
        else:
            del self._by_owner[owner]
        return found

    def _push_owner(self, owner: str, order: Any) -> None:
        """Give an owner a place by their next turn. Of equal turns, those go first who have missed some."""
        turn, is_served = self._turns.next_turn(owner), not self._turns.has_missed(owner)
        heappush(self._owners, (turn, is_served, order, owner))


class FairSlots:
    """A limited number of slots, shared fairly between owners, with at most one slot per owner.

    Long work that takes a slot for each of its slices delays others by at most one slice.
    """

    def __init__(self, slots: int) -> None:
        self._free = slots
        self._busy: set[str] = set()
        self._waiting: FairQueue[asyncio.Future[None]] = FairQueue()
        self._count = 0

    @asynccontextmanager
    async def slot(self, owner: str) -> AsyncIterator[None]:
        """Wait for the owner's turn and hold a slot during the `async with` block."""
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
            if not turn.cancelled():  # it was admitted at the same time
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
