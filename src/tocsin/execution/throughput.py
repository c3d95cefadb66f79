"""Throughput: the attempts of this process in the last minute, by queue and owner."""

from collections import Counter
from datetime import datetime

from tocsin.clock import epoch_milliseconds
from tocsin.documents import RunDocument
from tocsin.tasks.ranking import DEFAULT_QUEUE

_SPAN = 10
"""Length of a slice in seconds."""
_MOST = 500


class Throughput:
    """The attempts of the last minute, counted in slices of ten seconds."""

    def __init__(self) -> None:
        self._slices: dict[int, Counter[tuple[str, str]]] = {}

    def record_attempt(self, run: RunDocument, now: datetime) -> None:
        """Count an ended attempt."""
        slice_ = epoch_milliseconds(now) // (_SPAN * 1000)
        key = run.get("queue") or DEFAULT_QUEUE, run["owner"]
        if (counts := self._slices.get(slice_)) is None:
            counts = self._slices[slice_] = Counter()
            if len(self._slices) > 60 // _SPAN + 1:
                del self._slices[min(self._slices)]
        counts[key] += 1

    def count_last_minute(self, now: datetime) -> list[list[object]]:
        """Return `[queue, owner, attempts]` for the queues and owners with the most attempts."""
        newest = epoch_milliseconds(now) // (_SPAN * 1000)
        recent = [counts for slice_, counts in self._slices.items() if 0 <= newest - slice_ < 60 // _SPAN]
        total = sum(recent, Counter[tuple[str, str]]())
        return [[queue, owner, count] for (queue, owner), count in total.most_common(_MOST)]
