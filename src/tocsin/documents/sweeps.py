"""Sweeps through a whole list, oldest first, in windows of its key that hold a bounded number of rows.

A walk looks for the first rows of a page, and begins anew for the next one. A sweep keeps its pace in between, so a
list of thousands of rows is read with few commands, however dense it is.
"""

import asyncio
from datetime import timedelta
from typing import Generic

from tocsin.clock import MILLISECOND
from tocsin.documents.keyset import Branch, Condition, CursorPosition, D, KeysetQuery
from tocsin.documents.windows import FIRST_WIDTH, HIGHEST_KEY, LOWEST_KEY, Frontier, Window

_GROWTH = 8


class Sweep(Generic[D]):
    """A sweep of a section of a list from `start` (exclusive) on.

    A window is narrowed until its index range has at most `most` rows, unless a single millisecond has more.
    """

    def __init__(self, query: KeysetQuery[D], start: CursorPosition | None, most: int) -> None:
        self._query, self._start, self._most = query, start, most
        self._width = FIRST_WIDTH
        low = max(query.min_key or LOWEST_KEY, start.key if start else LOWEST_KEY)
        high = query.max_key or HIGHEST_KEY
        oldest, newest = query.key_range_hint or (low, high)
        self._frontier = Frontier(low, high, False, max(low, oldest), newest if query.key_range_hint else None)
        self.is_done = low > high

    async def read(self) -> list[D]:
        """Return the rows of the next window, which can be none. Raises PyMongoError; then it can be called again."""
        frontier = self._frontier
        window = frontier.next_window(self._width)
        while (in_range := await self._count(window)) > self._most and frontier.can_shrink(window) and self._narrow():
            window = frontier.next_window(self._width)
        rows = await self._read(window) if in_range else []
        if window.beyond is None:
            self.is_done = True
        else:
            frontier.advance(window.beyond)
        self._adapt(in_range)
        return rows

    async def count(self, limit: int) -> int:
        """Return the number of rows in the index ranges of the rest, counted up to just beyond the limit."""
        total, is_whole = 0, False
        frontier, width = self._frontier, FIRST_WIDTH
        low, edge = frontier.low, frontier.edge
        while total <= limit and not is_whole:
            window = frontier.next_window(width)
            total += await self._count(window)
            is_whole = window.beyond is None
            if window.beyond is not None:
                frontier.advance(window.beyond)
            width *= _GROWTH if total <= limit // _GROWTH else 1
        frontier.low, frontier.edge = low, edge
        return min(total, limit + 1)

    def _narrow(self) -> bool:
        possible = self._width > MILLISECOND
        self._width = max(self._width // _GROWTH, MILLISECOND)
        return possible

    def _adapt(self, in_range: int) -> None:
        factor = min(self._most / 2 / in_range, _GROWTH) if in_range else _GROWTH
        self._width = max(self._width * max(factor, 1 / _GROWTH), timedelta(milliseconds=1))

    async def _count(self, window: Window) -> int:
        counts = (
            self._query.collection.count_documents(self._range(branch, window)) for branch in self._query.branches
        )
        return sum(await asyncio.gather(*counts))

    async def _read(self, window: Window) -> list[D]:
        """Return the rows of a window in order. A row that moves on meanwhile is in two branches and taken once."""
        key, found = self._query.key, dict[str, D]()
        for branch in self._query.branches:
            rows = await (await self._query.collection.aggregate(self._stages(branch, window))).to_list()
            found.update((row["_id"], row) for row in rows)
        return sorted(found.values(), key=lambda row: (row[key], row["_id"]))

    def _stages(self, branch: Branch, window: Window) -> list[Condition]:
        """Return the stages that select the rows. Only the first uses an index on the embedded database."""
        query = self._query
        stages = [{"$match": each} for each in (self._range(branch, window), query.extra_filter, branch.extra) if each]
        if self._start is not None:
            beyond, same = {"$gt": self._start.key}, {query.key: self._start.key, "_id": {"$gt": self._start.id}}
            stages.append({"$match": {"$or": [{query.key: beyond}, same]}})
        return [*stages, {"$project": query.projection}] if query.projection else stages

    def _range(self, branch: Branch, window: Window) -> Condition:
        """Return the condition that an index serves. Its upper bound is exclusive, as in walks."""
        keys = {"$gte": window.low, "$lt": window.high + MILLISECOND}
        return {**self._query.indexed_filter, **branch.equal, self._query.key: keys}
