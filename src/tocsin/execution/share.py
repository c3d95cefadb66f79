"""How many of the places of a limit one owner may take. Pure.

An attempt that has begun cannot be asked for its place again, and may last an hour. So what an owner does not get is
decided before it begins, by what is free then, whoever waits (docs/adr/0028).
"""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil

from tocsin.documents import Doc

LOAN_SECONDS = 30
"""An owner may borrow a place beyond its share for an attempt that lasts no longer."""


@dataclass(frozen=True, slots=True)
class Share:
    """One owner's part of `limit` places: `most`, without those that it borrows. Nobody borrows the last `kept`.

    An owner who has none takes any free place; one within its share leaves an eighth of them (with the usual half) to
    those who have none; one beyond it leaves a quarter, and takes a place only for a short attempt.
    """

    limit: int
    most: int
    kept: int

    @classmethod
    def of(cls, limit: int, part: float) -> "Share":
        """The share that is this part of the limit."""
        most = max(1, ceil(limit * part))
        return cls(limit, most, max(0, limit - most) // 2)

    def lets_in(self, own: int, taken: int, *, short: bool) -> bool:
        """Tell whether an owner who has `own` of the `taken` places may take another one."""
        free = self.limit - taken
        if own == 0:
            return free > 0
        if own < self.most:
            return free > self.kept // 2
        return short and free > self.kept


share_of = lru_cache(Share.of)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a process may do at once: attempts in all, attempts to one host, calls of a host a minute, runs in hand.

    `owner_share` is an owner's part of the attempts, of those to a host and of those of a queue. `timeout` gives the
    seconds of an HTTP attempt whose task names none.
    """

    concurrency: int = 1_000_000
    host_concurrency: int = 1_000_000
    host_rate: int = 0
    hand: int = 1_000_000
    owner_share: float = 0.5
    timeout: float = 10.0

    def is_short(self, run: Doc) -> bool:
        """Tell whether an attempt is over soon. What calls no host may wait for others before its time begins."""
        return run.get("host") is not None and (run.get("timeout") or self.timeout) <= LOAN_SECONDS
