"""How many attempts this process made in the last minute, by queue and owner."""

from collections import Counter
from datetime import datetime

from tocsin.clock import epoch_milliseconds
from tocsin.documents import Doc
from tocsin.tasks.lanes import DEFAULT_QUEUE

_SPAN = 10
"""Seconds that are counted together; six such are a minute."""
_MOST = 500


class Throughput:
    """Counts in slices of ten seconds, and forgets those that are older than a minute."""

    def __init__(self) -> None:
        self._slices: dict[int, Counter[tuple[str, str]]] = {}

    def note(self, run: Doc, now: datetime) -> None:
        """An attempt has ended."""
        slice_ = epoch_milliseconds(now) // (_SPAN * 1000)
        key = run.get("queue") or DEFAULT_QUEUE, run["owner"]
        self._slices.setdefault(slice_, Counter())[key] += 1
        if len(self._slices) > 60 // _SPAN + 1:
            del self._slices[min(self._slices)]

    def last_minute(self, now: datetime) -> list[list[object]]:
        """[queue, owner, attempts], of those with the most."""
        newest = epoch_milliseconds(now) // (_SPAN * 1000)
        recent = [counts for slice_, counts in self._slices.items() if 0 <= newest - slice_ < 60 // _SPAN]
        total = sum(recent, Counter[tuple[str, str]]())
        return [[queue, owner, count] for (queue, owner), count in total.most_common(_MOST)]
