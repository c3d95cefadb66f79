"""The pace at which tasks become runs while many are due: that of the workers.

A new run that begins soon is inserted as claimed, or even written once, with its outcome. A new run that finds too many
before it is queued, and then read, claimed and stored again, which costs as much as the rest of its life. So while
attempts are short, tasks stay due until the workers have nearly caught up. While attempts are long, there is processor
time to spare, and what is due is queued at once.
"""

from time import monotonic

from tocsin.dispatch.in_flight import WorkerLoad

AHEAD_SECONDS = 0.3
"""Time for which the waiting claimed runs should last: less than the prefetch window allows each owner."""
MIN_AHEAD = 60
"""Minimum of runs that should wait. If half of it does, and fewer begin in this time, the workers are slow."""
FIRST_AHEAD = 500
"""Waiting runs while the speed of the workers is not known yet."""
MAX_ENDED = 600
"""Ended runs whose outcome is not stored, beyond which there is no room: other owners' outcomes wait beside them."""
MAX_QUEUED = 1_000
"""Queued runs beyond which nothing stays due: they would not be fewer soon."""
WINDOW_SECONDS = 1.0


class Pace:
    """Finds the room for due tasks, from how many attempts began in the last one or two seconds."""

    def __init__(self) -> None:
        self._busy_since = monotonic()
        self._before = self._latest = (self._busy_since, 0)

    def find_room(self, load: WorkerLoad, due: int) -> int | None:
        """Return how many of the due tasks should become runs now; None if none of them should wait for the workers.

        There is no room until there is half of what should wait, since many runs at once cost less. A burst that the
        workers can claim at once costs least.
        """
        now = monotonic()
        self._measure(load, now)
        if self._is_new(now) and due + load.waiting + load.running + load.ended <= load.prefetch:
            return None
        ahead = self._find_ahead(load, now)
        is_slow = ahead < MIN_AHEAD <= 2 * (load.waiting + load.queued)
        is_stuck = load.queued > 0 and _is_idle(load)  # the dispatcher claims none of them
        if is_slow or is_stuck or load.prefetch < MIN_AHEAD or load.queued > MAX_QUEUED:
            return None
        ahead = min(max(ahead, MIN_AHEAD), load.prefetch)
        room = min(ahead - load.waiting - load.queued, MAX_ENDED - load.ended)
        return room if 2 * room >= ahead else 0

    def _measure(self, load: WorkerLoad, now: float) -> None:
        if _is_idle(load):
            self._busy_since, self._before, self._latest = now, (now, load.begun), (now, load.begun)
        elif now - self._latest[0] >= WINDOW_SECONDS:
            self._before, self._latest = self._latest, (now, load.begun)

    def _is_new(self, now: float) -> bool:
        """Return whether the workers have just become busy, so that the prefetch is not limited by their speed yet."""
        return now - self._busy_since < WINDOW_SECONDS

    def _find_ahead(self, load: WorkerLoad, now: float) -> int:
        if self._is_new(now):
            return FIRST_AHEAD
        since, begun = self._before
        return round((load.begun - begun) / (now - since) * AHEAD_SECONDS)


def _is_idle(load: WorkerLoad) -> bool:
    return not load.waiting + load.running + load.ended
