"""The oldest due deliveries of owners who have very many of them, read ahead. In memory, as hints of one process."""

import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence

MAX_READ_AHEAD = 1_000
"""Deliveries of one owner that are read ahead: a search among very many costs the same for one and for so many."""
_MAX_OWNERS = 100
_GOOD_FOR_SECONDS = 30.0
"""Time after which deliveries are searched for again, because older ones may have become due."""


class DueBacklog:
    """The ids of deliveries that were due, oldest first, by a key for their owner and kind."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._known: OrderedDict[str, tuple[float, list[str]]] = OrderedDict()

    def peek(self, key: str, count: int) -> list[str]:
        """Return the first ids that are known; none if they are to be searched for."""
        read_at, ids = self._known.get(key, (float("-inf"), []))
        return ids[:count] if self._monotonic() - read_at < _GOOD_FOR_SECONDS else []

    def drop(self, key: str, ids: Collection[str]) -> None:
        """Forget ids that are no longer due."""
        if key in self._known:
            read_at, known = self._known[key]
            self._known[key] = read_at, [each for each in known if each not in ids]

    def put(self, key: str, ids: Sequence[str]) -> None:
        """Store ids that were found, and forget the owner who was searched for longest ago if there are too many."""
        self._known[key] = self._monotonic(), list(ids)
        self._known.move_to_end(key)
        if len(self._known) > _MAX_OWNERS:
            self._known.popitem(last=False)
