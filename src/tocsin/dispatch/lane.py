"""A lane: the queued runs of one queue, owner and target host, ordered by rank."""

from heapq import heappop, heappush
from itertools import count

from tocsin.documents import RunDocument


class Lane:
    """Queued runs of one queue, owner and host, ordered by rank.

    `listed` is the first run for which the lane has a place among the lanes that take turns, and `place` that place.
    """

    def __init__(self, name: str, owner: str) -> None:
        self.name, self.owner = name, owner
        self.listed: RunDocument | None = None
        self.place = 0
        self._heap: list[tuple[int, str, int, RunDocument]] = []
        self._pushes = count()
        self._known: dict[str, RunDocument] = {}

    def push(self, run: RunDocument) -> None:
        """Add a run, or replace it with its current state."""
        if (known := self._known.get(run["_id"])) is None or known != run:
            self._known[run["_id"]] = run
            heappush(self._heap, (run["rank"] or 0, run["_id"], next(self._pushes), run))

    def discard(self, run_id: str) -> None:
        """Remove a run."""
        self._known.pop(run_id, None)

    def peek(self) -> RunDocument | None:
        """Return the run with the lowest rank, or None if the lane is empty."""
        while self._heap:
            run = self._heap[0][-1]
            if self._known.get(run["_id"]) is run:
                return run
            heappop(self._heap)
        return None

    def first(self) -> RunDocument:
        """Return the run with the lowest rank. Raises LookupError if the lane is empty."""
        if (run := self.peek()) is None:
            raise LookupError(self.name)
        return run

    def pop(self) -> RunDocument:
        """Remove and return the run that `first` returned."""
        run = heappop(self._heap)[-1]
        del self._known[run["_id"]]
        return run
