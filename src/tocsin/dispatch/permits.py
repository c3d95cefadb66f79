"""The permits of one limit that several processes share: who holds how many, and who waits for some. Pure.

A permit lets one attempt of one owner count against the limit. A process takes permits when it has runs for them and
returns them when these have ended, so the limit is kept exactly and used fully, wherever the runs are. The owner's
share (docs/adr/0028) is decided over all processes. Freed permits go first to the process that has waited longest, up
to an equal part of the limit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil, inf

from tocsin.dispatch.owner_share import OwnerShare, get_owner_share
from tocsin.security.gcra import Milliseconds

WAIT_MS: Milliseconds = 1_000.0
"""Time for which a process counts as waiting unless it asks again."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Permits that an owner's runs need; `short` if their attempts may borrow beyond the owner's share."""

    count: int
    short: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A process that waits for this many permits since a time, and until another unless it asks again."""

    count: int
    since: Milliseconds
    until: Milliseconds


@dataclass(frozen=True, slots=True)
class Needs:
    """The needs of a process at an exchange: the permits in use by owner, the unused ones that it would keep, demands.

    The unused ones are returned if another process waits.
    """

    limit: int
    used: Mapping[str, int]
    spare: Mapping[str, int]
    demands: Mapping[str, Demand]


@dataclass(frozen=True, slots=True)
class Permits:
    """The state of one limit: the permits held, by process and owner, and the processes that wait."""

    held: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    waiting: Mapping[str, Waiting] = field(default_factory=dict)

    def count_of(self, process: str) -> int:
        """Return the number of permits that a process holds."""
        return sum(self.held.get(process, {}).values())

    def elsewhere(self, process: str, owner: str) -> int:
        """Return the number of permits that all other processes hold for an owner."""
        return sum(held.get(owner, 0) for name, held in self.held.items() if name != process)

    def total(self) -> int:
        """Return the number of permits held by all."""
        return sum(sum(held.values()) for held in self.held.values())


def with_holdings(permits: Permits, process: str, held: Mapping[str, int]) -> Permits:
    """Return the state in which a process holds exactly these permits."""
    others = {name: each for name, each in permits.held.items() if name != process}
    kept = {owner: count for owner, count in held.items() if count > 0}
    return Permits({**others, process: kept} if kept else others, permits.waiting)


def exchange_permits(permits: Permits, me: str, needs: Needs, part: float, now: Milliseconds) -> Permits:
    """Return the state after a process has returned what it does not use and taken what it may.

    `part` is an owner's share of the limit.
    """
    others = {name: each for name, each in permits.waiting.items() if name != me and now < each.until <= now + WAIT_MS}
    before = permits.waiting.get(me)
    since = before.since if before is not None and before.since <= now else now
    kept = dict(needs.used)
    if not others:
        kept = {owner: kept.get(owner, 0) + needs.spare.get(owner, 0) for owner in {*kept, *needs.spare}}
    after = with_holdings(permits, me, kept)
    most = _most(after, me, needs.limit, others, since)
    granted, unmet = _grant(after, me, needs, get_owner_share(needs.limit, part), most)
    after = with_holdings(after, me, granted)
    waiting = dict(others)
    if unmet:
        gained = sum(granted.values()) > sum(kept.values())
        waiting[me] = _wait(before, unmet, now if gained else since, now)
    return Permits(after.held, waiting)


def _most(permits: Permits, me: str, limit: int, others: Mapping[str, Waiting], since: Milliseconds) -> int:
    """Return how many permits a process may hold: an equal part after those that wait longer, and what all leave."""
    own, free = permits.count_of(me), limit - permits.total()
    equal = ceil(limit / len({*permits.held, *others, me}))
    lacks = {name: max(0, min(each.count, equal - permits.count_of(name))) for name, each in others.items()}
    first = sum(count for name, count in lacks.items() if others[name].since < since)
    return own + max(min(free - first, equal - own), free - sum(lacks.values()))


def _grant(permits: Permits, me: str, needs: Needs, share: OwnerShare, most: int) -> tuple[dict[str, int], int]:
    """Return the permits of a process by owner, granted to the owners in turn, and how many it still waits for."""
    mine = dict(permits.held.get(me, {}))
    taken, own = permits.total(), sum(mine.values())
    left = {owner: demand.count for owner, demand in needs.demands.items() if demand.count > 0}
    refused: set[str] = set()
    while left and own < most:
        for owner in list(left):
            of_owner = permits.elsewhere(me, owner) + mine.get(owner, 0)
            if own >= most:
                break
            if not share.can_take(of_owner, taken, short=needs.demands[owner].short):
                refused.add(owner)
                del left[owner]
                continue
            mine[owner] = mine.get(owner, 0) + 1
            taken, own, left[owner] = taken + 1, own + 1, left[owner] - 1
            if not left[owner]:
                del left[owner]
    without = sum(needs.demands[owner].count for owner in refused if taken >= needs.limit)
    return mine, sum(left.values()) + without


def _wait(before: Waiting | None, count: int, since: Milliseconds, now: Milliseconds) -> Waiting:
    """Return the entry of a waiting process: the former one while that holds, so that it is not written each time."""
    fresh = before.until - now if before is not None else -inf
    if before is not None and (before.count, before.since) == (count, since) and fresh > WAIT_MS / 2:
        return before
    return Waiting(count, since, now + WAIT_MS)
