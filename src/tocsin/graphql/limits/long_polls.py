"""Queries that wait for an answer, by user: at most so many, and all released when the server stops."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from tocsin.errors import RateLimited

MAX_LONG_POLLS = 10
"""Long polls of one user that wait at the same time at one process."""
_BUSY = 1.0
"""Seconds after which a user with too many may retry."""


class LongPolls:
    """The long polls in progress at this process."""

    def __init__(self) -> None:
        self._waiting: Counter[str] = Counter()
        self.released = asyncio.Event()
        """Set when the server stops: those that wait answer at once, and new ones do not wait."""

    @contextmanager
    def take_place(self, user: str) -> Iterator[None]:
        """Take a place while the block runs. Raises RateLimited when the user has no more."""
        if self._waiting[user] >= MAX_LONG_POLLS:
            message = (
                f"You have {MAX_LONG_POLLS} queries with waitSeconds in progress, the most allowed at once. Wait for "
                "one to end, or subscribe to notificationReceived."
            )
            raise RateLimited(message, _BUSY)
        self._waiting[user] += 1
        try:
            yield
        finally:
            self._waiting[user] -= 1
            if not self._waiting[user]:
                del self._waiting[user]

    def count(self) -> int:
        """Return the number of long polls of all users."""
        return self._waiting.total()

    def release(self) -> None:
        """Let all long polls answer now, because the server stops."""
        self.released.set()
