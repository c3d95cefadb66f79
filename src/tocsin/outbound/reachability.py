"""What a process knows about its own network. In memory; `maintenance.network_watch` keeps it up to date."""

import time
from collections.abc import Awaitable, Callable
from typing import Final

from tocsin.documents import ErrorKind
from tocsin.wakeups import Signal

NETWORK_ERRORS: Final = frozenset({ErrorKind.DNS, ErrorKind.CONNECT, ErrorKind.TLS, ErrorKind.TIMEOUT})
"""The kinds of errors that a network that is down causes. Any answer, of whatever status, proves that it works."""


async def _know_nothing() -> None:
    """Ask nobody: there is no watch."""


class Reachability:
    """Whether this process is cut off from the network, and whether failures may say so.

    `is_watched` is true if there are canaries to ask. `is_cut_off` is true while none of them answers. Not thread-safe.
    `ask` brings it up to date after a failure, within seconds, and does not raise.
    """

    ask: Callable[[], Awaitable[None]]

    def __init__(self, *, is_watched: bool = False) -> None:
        self.is_watched = is_watched
        self.is_cut_off = False
        self.last_failure = float("-inf")
        self.suspected: Signal[[]] = Signal()
        self.ask = _know_nothing

    def report_failures(self) -> None:
        """Report that attempts have failed by the network, after they were stored."""
        self.last_failure = time.monotonic()
        self.suspected()
