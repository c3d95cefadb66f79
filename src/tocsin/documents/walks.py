"""Walks along a list in windows of its key, which grow until enough rows are found.

The embedded database reads every row that an index range contains: it pushes neither sort nor limit down into the
index. So a walk asks for short ranges of the key, as wide as the density of the last one requires. The last window is
open-ended, so that no row is missed. A walk gives up once it has looked through `budget` rows that a filter excludes.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic

from tocsin.clock import MILLISECOND
from tocsin.documents.keyset import (
    AFTER_ALL_IDS,
    BEFORE_ALL_IDS,
    Branch,
    Condition,
    CursorPosition,
    D,
    KeysetQuery,
)
from tocsin.documents.windows import FIRST_WIDTH, HIGHEST_KEY, LOWEST_KEY, Frontier, Pace, WidthMemory, Window

_SPARE = 1.25  # the next walk begins elsewhere
_FEW = 50
"""Rows that are read rather than counted, however few are wanted."""
_widths = WidthMemory(10_000)


@dataclass(frozen=True, slots=True)
class Walk(Generic[D]):
    """A walk through a section from `start` towards `end` (both exclusive; None for the end of the rows)."""

    query: KeysetQuery[D]
    down: bool
    start: CursorPosition | None = None
    end: CursorPosition | None = None

    async def take(self, limit: int, budget: int) -> tuple[list[D], CursorPosition | None]:
        """Return the first `limit` rows, or fewer and the position at which the walk gave up."""
        at_once = await self._take_at_once(limit)
        return await self._take_in_windows(limit, budget) if at_once is None else (at_once, None)

    async def _take_at_once(self, limit: int) -> list[D] | None:
        """Return the first `limit` rows if a window as wide as that of the last walk contains them, not many more.

        This is one command: rows that are not sorted need not be counted before, because their number can be limited.
        """
        frontier, width = self._frontier(), _widths.recall(self._name("rows"))
        if frontier is None or width is None or self._is_filtered:
            return None
        window, most = frontier.next_window(width), max(2 * limit, _FEW)
        rows = await self._read(window, [{"$limit": most + 1}])
        if len(rows) > most or (len(rows) < limit and window.beyond is not None):
            return None
        self._remember("rows", rows[limit - 1][self.query.key] if len(rows) >= limit else None)
        return rows[:limit]

    async def _take_in_windows(self, limit: int, budget: int) -> tuple[list[D], CursorPosition | None]:
        found: list[D] = []
        frontier, pace = self._frontier(), Pace(budget // 2, self._first_width("rows"))
        while frontier is not None:
            window = frontier.next_window(pace.width)
            is_wide = pace.is_blind and frontier.can_shrink(window)
            in_range = sum(await self._count_ranges(window)) if is_wide else None
            if in_range is not None and in_range > pace.most and pace.narrow():
                continue
            rows = [] if in_range == 0 else await self._read_first(window, limit - len(found))
            found += rows
            if len(found) >= limit or window.beyond is None:
                self._remember("rows", found[-1][self.query.key] if len(found) >= limit else None)
                break
            if in_range is None:
                in_range = sum(await self._count_ranges(window)) if self._is_filtered else len(rows)
            budget -= in_range - len(rows) if self._is_filtered else 0
            if budget <= 0:
                return found, self._position_before(window.beyond)
            pace.adapt(len(rows), in_range, limit - len(found))
            frontier.advance(window.beyond)
        return found, None

    async def count(self, limit: int, budget: int) -> tuple[int, bool]:
        """Count up to `limit` rows, or among `budget` rows if there are other conditions than those of the index.

        Return the number, and whether these are all.
        """
        total, frontier = 0, self._frontier()
        most = min(limit + 1, budget) if self._is_filtered else limit + 1
        pace = Pace(most) if self._is_filtered else Pace(most, self._first_width("count"))
        while frontier is not None:
            window = frontier.next_window(pace.width)
            in_ranges = await self._count_ranges(window)
            to_read = await self._count_to_read(window, in_ranges)
            if to_read > pace.most:
                if frontier.can_shrink(window) and pace.narrow():
                    continue
                return total, False
            matched = await self._count(window, in_ranges, to_read)
            total, budget = total + matched, budget - to_read
            if total > limit or window.beyond is None:
                self._remember("count", window.beyond, part=min(1, limit / max(total, 1)))
                return min(total, limit), total <= limit
            if budget <= 0:
                return total, False
            pace.adapt(matched, max(matched, to_read), limit - total + 1)
            frontier.advance(window.beyond)
        return total, True

    def _name(self, purpose: str) -> str:
        """Return the name under which widths are remembered."""
        query = self.query
        place = f"{query.collection.full_name} {query.order_name} {self.down}"
        return f"{purpose} {place} {query.indexed_filter} {query.branches}"

    def _first_width(self, purpose: str) -> timedelta:
        """Return the width of the first window. It is not short, because rows may lie farther away than before."""
        return max(_widths.recall(self._name(purpose)) or FIRST_WIDTH, FIRST_WIDTH)

    def _remember(self, purpose: str, reached: datetime | None, part: float = 1) -> None:
        """Remember how far a walk went, None for the end of the list, if this part of that was enough.

        A walk that other conditions or an end cut short tells nothing about the list.
        """
        frontier, query = self._frontier(), self.query
        is_whole = self.end is None and query.min_key is None and query.max_key is None and not self._is_filtered
        if frontier is not None and is_whole:
            _widths.remember(self._name(purpose), frontier.distance_to(reached) * part * _SPARE)

    @property
    def _is_filtered(self) -> bool:
        """True if there are other conditions than those of the index."""
        return bool(self.query.extra_filter) or any(branch.extra for branch in self.query.branches)

    def _frontier(self) -> Frontier | None:
        """Return the range of keys that a row can have; None if there is none."""
        query = self.query
        first, last = (self.end, self.start) if self.down else (self.start, self.end)
        low = max(query.min_key or LOWEST_KEY, first.key if first else LOWEST_KEY)
        high = min(query.max_key or HIGHEST_KEY, last.key if last else HIGHEST_KEY)
        if low > high or not query.branches:
            return None
        oldest, newest = query.key_range_hint or (low, high)
        edge, horizon = (min(high, newest), oldest) if self.down else (max(low, oldest), newest)
        return Frontier(low, high, self.down, edge, horizon if query.key_range_hint else None)

    def _position_before(self, key: datetime) -> CursorPosition:
        """Return the position from which a walk goes on with the rows that have this key."""
        return CursorPosition(key, AFTER_ALL_IDS if self.down else BEFORE_ALL_IDS)

    def index_range(self, branch: Branch, window: Window) -> Condition:
        """Return the condition that an index serves.

        Its upper bound is exclusive: if the index goes on with another field, the embedded database misses keys that
        equal an inclusive one.
        """
        keys = {"$gte": window.low, "$lt": window.high + MILLISECOND}
        return {**self.query.indexed_filter, **branch.equal, self.query.key: keys}

    def _select(self, branch: Branch, window: Window) -> list[Condition]:
        """Return the stages that select the rows. Only the first uses an index on the embedded database."""
        hidden = self.query.hidden
        conditions = [self.index_range(branch, window), self.query.extra_filter, branch.extra, self._tie_breakers()]
        if hidden is not None and branch is not hidden:
            conditions.append({"$nor": [hidden.extra]})
        return [{"$match": condition} for condition in conditions if condition]

    async def _read_first(self, window: Window, limit: int) -> list[D]:
        """Return the first rows of a window."""
        direction = -1 if self.down else 1
        order = {self.query.key: direction, "_id": direction}
        return (await self._read(window, [{"$sort": order}, {"$limit": limit}]))[:limit]

    async def _read(self, window: Window, limiting: list[Condition]) -> list[D]:
        """Return the rows of a window in order, those of each branch limited by these stages.

        The branches are read one after the other: a row that moves on meanwhile is in two of them and taken once.
        """
        projecting = [{"$project": self.query.projection}] if self.query.projection else []
        found: dict[str, D] = {}
        for branch in self.query.branches:
            stages = [*self._select(branch, window), *limiting, *projecting]
            rows = await (await self.query.collection.aggregate(stages)).to_list()
            found.update((row["_id"], row) for row in rows)
        key = self.query.key
        return sorted(found.values(), key=lambda row: (row[key], row["_id"]), reverse=self.down)

    async def _count_to_read(self, window: Window, in_ranges: Sequence[int]) -> int:
        """Return how many rows of a window have to be read to count those that match."""
        filtered = sum(in_ranges[at] for at in self._filtered_branches())
        if filtered or self.query.hidden is None or not sum(in_ranges):
            return filtered
        return await self._count_range(self.query.hidden, window)

    async def _count(self, window: Window, in_ranges: Sequence[int], to_read: int) -> int:
        """Return the number of rows of a window that match, of which so many have to be read."""
        filtered = [at for at in self._filtered_branches() if in_ranges[at]]
        if not filtered and self.query.hidden is not None and to_read:
            return sum(in_ranges) - await self._count_matching(self.query.hidden, window)
        matching = await asyncio.gather(*(self._count_matching(self.query.branches[at], window) for at in filtered))
        return sum(in_ranges) - sum(in_ranges[at] for at in filtered) + sum(matching)

    def _filtered_branches(self) -> list[int]:
        """Return which branches have other conditions than those of the index."""
        return [at for at, branch in enumerate(self.query.branches) if self.query.extra_filter or branch.extra]

    async def _count_matching(self, branch: Branch, window: Window) -> int:
        stages = [*self._select(branch, window), {"$count": "n"}]
        found = await (await self.query.collection.aggregate(stages)).to_list()
        return int(found[0]["n"]) if found else 0

    async def _count_ranges(self, window: Window) -> list[int]:
        return await asyncio.gather(*(self._count_range(branch, window) for branch in self.query.branches))

    async def _count_range(self, branch: Branch, window: Window) -> int:
        return await self.query.collection.count_documents(self.index_range(branch, window))

    def _tie_breakers(self) -> Condition:
        """Return a condition that compares rows with the same key as a cursor by their IDs."""
        onward, back = ("$lt", "$gt") if self.down else ("$gt", "$lt")
        limits = ((self.start, onward), (self.end, back))
        ties = [_beyond(self.query.key, position, operator) for position, operator in limits if position is not None]
        return {"$and": ties} if ties else {}


def _beyond(key: str, position: CursorPosition, operator: str) -> Condition:
    return {"$or": [{key: {operator: position.key}}, {key: position.key, "_id": {operator: position.id}}]}
