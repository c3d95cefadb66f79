"""Who is asking, as limits see it, and how much of his is under way."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from tocsin.errors import RateLimited

Who = Literal["everyone", "users", "nobody"]
Kind = Literal["operations", "subscriptions"]
_BUSY = 1.0
"""Seconds after which a caller who has too much under way may try again: most operations have ended by then."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A user, or without a valid token a network address: the key of his limits, and which of the two he is."""

    key: str
    known: bool

    def is_among(self, who: Who) -> bool:
        """Whether a setting that names `who` means him."""
        return who == "everyone" or (who == "users" and self.known)


class Slots:
    """How many operations and subscriptions of each caller are under way in this process."""

    def __init__(self) -> None:
        self._taken: Counter[tuple[Kind, str]] = Counter()

    def take(self, kind: Kind, caller: Caller, most: int) -> None:
        """Take one, to be given back. Raises RateLimited when the caller has as many as he may have."""
        if self._taken[kind, caller.key] >= most:
            message = f"You have {most} {kind} under way; more at once are not allowed. Wait for one to end."
            raise RateLimited(message, _BUSY)
        self._taken[kind, caller.key] += 1

    def give_back(self, kind: Kind, caller: Caller) -> None:
        """Give one back."""
        self._taken[kind, caller.key] -= 1
        if self._taken[kind, caller.key] <= 0:
            del self._taken[kind, caller.key]

    def count(self, kind: Kind) -> int:
        """How many are taken by all callers together."""
        return sum(number for (of, _), number in self._taken.items() if of == kind)
