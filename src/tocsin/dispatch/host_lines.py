"""The lines of targets whose runs wait for a place at their host. Pure.

A place that becomes free is offered to the first target in line that may take it, and not to all: where many owners
call the same host, each ended attempt would cost all of them a look.
"""

from collections.abc import Callable

OwnerHost = tuple[str, str | None]
"""A target: an owner, and the host that their runs call, if any."""


class HostLines:
    """The targets that wait for a place at their host, in the order in which they came.

    `may_take` returns whether a target may take a place at its host after so many others.
    """

    def __init__(self, may_take: Callable[[OwnerHost, int], bool]) -> None:
        self._may_take = may_take
        self._lines: dict[str | None, dict[OwnerHost, None]] = {}
        self._offers: set[OwnerHost] = set()
        self._unused: set[str | None] = set()

    def join(self, target: OwnerHost) -> None:
        """Have a target wait. A place that was offered to it is offered to others."""
        self._lines.setdefault(target[1], {})[target] = None
        self.decline(target)

    def leave(self, target: OwnerHost) -> None:
        """Have a target wait no more, if it does."""
        if target in (line := self._lines.get(target[1], {})):
            del line[target]
            if not line:
                del self._lines[target[1]]

    def next_target(self, host: str | None) -> OwnerHost | None:
        """Return the first target in the line of a host that may take a place there."""
        return next((target for target in self._lines.get(host, ()) if self._may_take(target, 0)), None)

    def may_follow(self, target: OwnerHost) -> bool:
        """Return whether a target waits that may take a place after the one to which a place is offered."""
        return target in self._lines.get(target[1], ()) and self._may_take(target, 1)

    def offer(self, target: OwnerHost) -> None:
        """Offer a place to a target, until it accepts or declines."""
        self._offers.add(target)

    def accept(self, target: OwnerHost) -> None:
        """Note that a target has taken a place."""
        self._offers.discard(target)

    def decline(self, target: OwnerHost) -> None:
        """Note that a target takes no place now, so that one that was offered to it is offered to others."""
        if target in self._offers:
            self._offers.discard(target)
            self._unused.add(target[1])

    def decline_all(self, owner: str) -> None:
        """Note that no target of an owner takes a place now."""
        for target in [each for each in self._offers if each[0] == owner]:
            self.decline(target)

    @property
    def has_unused(self) -> bool:
        """True if places were declined that may have to be offered to others."""
        return bool(self._unused)

    def pop_unused(self) -> set[str | None]:
        """Return the hosts whose places were declined, once."""
        unused, self._unused = self._unused, set()
        return unused
