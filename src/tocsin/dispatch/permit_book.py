"""The permits that this process holds, and what it needs others for. Not thread-safe: the run limiter guards it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from tocsin.dispatch.claim_stages import CountKey, Tally
from tocsin.dispatch.owner_share import get_owner_share
from tocsin.dispatch.permits import Demand, Needs, Permits

PermitKey = tuple[str, str]
"""The subject of a limit: ("host", its name) or ("queue", its name)."""
_COUNT_KINDS = {"queue": "owner in queue", "host": "owner to host"}
_PERMIT_KINDS: dict[object, str] = {count: kind for kind, count in _COUNT_KINDS.items()}
MAX_KEYS = 200
"""Maximum number of limits of one exchange."""
SPARE_SECONDS = 2.0
"""Time for which unused permits are kept if nobody waits: the next run of the same owner is often near."""
DEMAND_SECONDS = 1.0
"""Time for which a demand holds after a run was last refused for it."""
_MAX_KEYS_OF_OWNER = 50


@dataclass(slots=True)
class _Held:
    """The permits of one limit: those granted here by owner, those of other processes, and the time of the last use.

    `is_unsure`: the stored state may count more than was granted here.
    """

    granted: dict[str, int] = field(default_factory=dict)
    elsewhere: dict[str, int] = field(default_factory=dict)
    used_at: dict[str, float] = field(default_factory=dict)
    is_waiting: bool = False
    is_unsure: bool = False


@dataclass(slots=True)
class _Demanded:
    refused: int
    short: bool
    at: float


class PermitBook:
    """The permits of a process, at first those that its runs need already.

    `tallies` count the admitted runs, `find_limit` returns a limit, `part` is an owner's share. More permits of `known`
    limits may be stored. Times are in monotonic seconds.
    """

    def __init__(
        self,
        tallies: Mapping[CountKey, Tally],
        find_limit: Callable[[PermitKey], int | None],
        part: float,
        known: Iterable[PermitKey] = (),
    ) -> None:
        self._tallies, self._find_limit, self._part = tallies, find_limit, part
        self._held: dict[PermitKey, _Held] = {key: _Held(is_unsure=True) for key in known}
        self._demands: dict[str, dict[PermitKey, _Demanded]] = {}
        self.has_news = False
        for (kind, *names), tally in tallies.items():
            key = _PERMIT_KINDS.get(kind, ""), str(names[-1])
            if key[0] and names[-1] is not None and find_limit(key) is not None:
                self._held.setdefault(key, _Held()).granted[str(names[0])] = tally.admitted

    def list_granted(self) -> dict[PermitKey, dict[str, int]]:
        """Return the permits granted to this process, by limit and owner."""
        return {key: dict(held.granted) for key, held in self._held.items()}

    def _count_used(self, key: PermitKey, owner: str) -> int:
        tally = self._tallies.get((_COUNT_KINDS[key[0]], owner, key[1]))
        return 0 if tally is None else tally.admitted

    def has_spare(self, key: PermitKey, owner: str, *, short: bool) -> bool:
        """Return whether this owner has an unused permit. What it borrows beyond its share is for short attempts."""
        held, limit = self._held.get(key), self._find_limit(key)
        if limit is None:
            return True
        used = self._count_used(key, owner)
        if held is None or used >= held.granted.get(owner, 0):
            return False
        return short or not used or used + held.elsewhere.get(owner, 0) < get_owner_share(limit, self._part).guaranteed

    def note_use(self, keys: list[PermitKey], owner: str, now: float) -> None:
        """Note that an owner uses a permit of each of these limits."""
        for key in keys:
            if (held := self._held.get(key)) is not None:
                held.used_at[owner] = now

    def demand(self, key: PermitKey, owner: str, now: float, *, short: bool) -> None:
        """Note that a run was refused for lack of a permit."""
        of_owner = self._demands.setdefault(owner, {})
        known = of_owner.get(key)
        if known is not None:
            of_owner[key] = _Demanded(known.refused + 1, known.short or short, now)
        elif len(of_owner) < _MAX_KEYS_OF_OWNER:
            of_owner[key] = _Demanded(1, short, now)
        self.has_news = True

    def take_needs(self, places: int, now: float) -> dict[PermitKey, Needs]:
        """Return what to exchange now. Until then, no unused permit of these limits is used.

        `places` is the number of runs that could start. A demand is for as many, divided among all demands: only one
        run of each lane has been refused, but the others follow.
        """
        self.has_news = False
        demands = self._current_demands(now)
        limits = list(islice(self._keys_in_turn(demands), MAX_KEYS))
        each = max(1, places // max(1, sum(len(owners) for owners in demands.values())))
        return {key: needs for key in limits if (needs := self._needs_of(key, demands.get(key, {}), each, now))}

    def _current_demands(self, now: float) -> dict[PermitKey, dict[str, _Demanded]]:
        """Return the demands by limit and owner, owners in turn, and forget the old ones."""
        current: dict[PermitKey, dict[str, _Demanded]] = {}
        kept = {
            owner: {key: demand for key, demand in each.items() if now - demand.at <= DEMAND_SECONDS}
            for owner, each in self._demands.items()
        }
        self._demands = {owner: each for owner, each in kept.items() if each}
        for place in range(max((len(each) for each in self._demands.values()), default=0)):
            for owner, each in self._demands.items():
                for key in islice(each, place, place + 1):
                    current.setdefault(key, {})[owner] = each[key]
        return current

    def _keys_in_turn(self, demands: Mapping[PermitKey, object]) -> Iterator[PermitKey]:
        yield from demands
        for key, held in self._held.items():
            if key not in demands and (held.is_waiting or held.is_unsure or self._has_unused(key, held)):
                yield key

    def _has_unused(self, key: PermitKey, held: _Held) -> bool:
        return any(count > self._count_used(key, owner) for owner, count in held.granted.items())

    def _needs_of(self, key: PermitKey, demands: Mapping[str, _Demanded], each: int, now: float) -> Needs | None:
        limit, held = self._find_limit(key), self._held.setdefault(key, _Held())
        if limit is None:
            del self._held[key]
            return None
        used = {owner: self._count_used(key, owner) for owner in {*held.granted, *demands}}
        recent = {owner: now - held.used_at.get(owner, 0.0) <= SPARE_SECONDS for owner in used}
        spare = {owner: held.granted.get(owner, 0) - count for owner, count in used.items() if recent[owner]}
        held.granted, held.is_unsure = dict(used), True
        wanted = {owner: Demand(max(one.refused, each), one.short) for owner, one in demands.items()}
        return Needs(limit, used, {owner: count for owner, count in spare.items() if count > 0}, wanted)

    def record(self, key: PermitKey, me: str, permits: Permits, now: float) -> bool:
        """Record the state after an exchange. Return whether there are new permits for refused runs."""
        held = self._held.setdefault(key, _Held())
        gained = False
        for owner, count in permits.held.get(me, {}).items():
            demanded = self._demands.get(owner, {}).pop(key, None) if count > held.granted.get(owner, 0) else None
            gained = gained or demanded is not None
            if demanded is not None:
                held.used_at[owner] = now
        held.granted = dict(permits.held.get(me, {}))
        held.elsewhere = {owner: permits.elsewhere(me, owner) for owner in held.granted}
        held.is_waiting, held.is_unsure = me in permits.waiting, False
        if not held.granted and not held.is_waiting:
            del self._held[key]
        return gained

    @property
    def is_waiting(self) -> bool:
        """True while this process waits for a permit."""
        return any(held.is_waiting for held in self._held.values())

    @property
    def has_unused(self) -> bool:
        """True while this process holds permits that it does not use, or may hold some."""
        return any(held.is_unsure or self._has_unused(key, held) for key, held in self._held.items())
