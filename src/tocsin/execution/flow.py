"""How many claimed runs may wait in hand: as many as began lately. What does not flow is left in the queue.

Claims in hand save the database work while attempts are short. Where they are not, a claimed run would only be kept
from other processes, from its owner's edits, and from being told apart from those that run.
"""

from collections import Counter
from collections.abc import Hashable
from math import inf

TICK_SECONDS = 0.5
_FRESH = 2
"""Ticks that a burst has to show how quickly it goes."""


class Flow:
    """Counts what begins, by key and tick. Whoever just came to have anything in hand is trusted to be quick."""

    def __init__(self) -> None:
        self._ticks = 0
        self._busy_since: dict[Hashable, int] = {}
        self._begun: Counter[Hashable] = Counter()
        self._before: Counter[Hashable] = Counter()

    def enter(self, key: Hashable) -> None:
        """Something with this key is in hand."""
        self._busy_since.setdefault(key, self._ticks)

    def empty(self, key: Hashable) -> None:
        """Nothing with this key is in hand any more."""
        self._busy_since.pop(key, None)

    def begin(self, key: Hashable) -> None:
        """An attempt begins."""
        self._begun[key] += 1

    def allowance(self, key: Hashable) -> float:
        """How many with this key may wait in hand."""
        if self._ticks - self._busy_since.get(key, self._ticks) < _FRESH:
            return inf
        return self._begun[key] + self._before[key]

    def tick(self) -> None:
        """Half a second has passed."""
        self._ticks += 1
        self._before, self._begun = self._begun, Counter()
