"""An owner's share of the places of a limit. Pure.

A running attempt cannot give its place back, and may take an hour. So an owner's share is decided before an attempt
starts, by the places that are free then, whether or not other owners wait (docs/adr/0028).
"""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil


@dataclass(frozen=True, slots=True)
class OwnerShare:
    """One owner's share of `limit` places: the `guaranteed` ones, plus what it borrows.

    The last `reserved` places cannot be borrowed.

    An owner without a place may take any free place. Within its share, it must leave an eighth of the places (with the
    default share of a half) to owners without one. Beyond its share, it must leave a quarter, and may take a place only
    for a short attempt.
    """

    limit: int
    guaranteed: int
    reserved: int

    @classmethod
    def of(cls, limit: int, part: float) -> "OwnerShare":
        """Return the share that is this fraction of the limit."""
        most = max(1, ceil(limit * part))
        return cls(limit, most, max(0, limit - most) // 2)

    def can_take(self, own: int, taken: int, *, short: bool) -> bool:
        """Return whether an owner with `own` of the `taken` places may take another one."""
        free = self.limit - taken
        if own == 0:
            return free > 0
        if own < self.guaranteed:
            return free > self.reserved // 2
        return short and free > self.reserved


get_owner_share = lru_cache(OwnerShare.of)
