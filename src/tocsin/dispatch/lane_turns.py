"""The turns of the lanes, kept between looks: owners in turn, an owner's lanes by rank. Pure.

While a run waits that is not refused, each other owner gets at most two runs more than its own owner, whatever their
number and priority. A lane that was refused is not asked again until that may have changed, so that a look costs what
it takes and what has changed, however many lanes there are.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import islice

from tocsin.dispatch.lane import Lane
from tocsin.dispatch.lane_group import Key, LaneGroup
from tocsin.dispatch.refusal import Refusal, Release
from tocsin.documents import RunDocument
from tocsin.fair_queue import FairTurns
from tocsin.security.gcra import Milliseconds

MAX_ASKED = 1_000
"""Maximum runs that a look asks for, so that it does not block the event loop."""
REFUSALS_PER_TURN = 50
"""Refusals that cost an owner a turn: those of one owner's many lanes do not keep others waiting."""
REOPEN_MS: Milliseconds = 30_000.0
"""Time after which refused lanes are asked again, in case an event was missed."""
_MAX_REOPENED = 50
_FEW_LANES = 16
Admit = Callable[[RunDocument], Refusal | None]


@dataclass(slots=True)
class _OwnerTurn:
    """The next turn of an owner with lanes, the number of these, and the refusals that have not cost it a turn yet."""

    turn: int
    lanes: int = 0
    refusals: int = 0


class LaneTurns:
    """Lanes that take turns. Call `list_lane` whenever the first run of a lane may have changed.

    `refused` are the names of the lanes whose first run was refused.
    """

    def __init__(self, refused: set[str] | None = None) -> None:
        self.refused = set() if refused is None else refused
        self._turns = FairTurns()
        self._owners: dict[str, _OwnerTurn] = {}
        self._newcomers: set[str] = set()
        self._free = LaneGroup(self._find_turn)
        self._groups: dict[tuple[object, ...], LaneGroup] = {}
        self._group_of: dict[str, LaneGroup] = {}
        self._closed: dict[LaneGroup, Milliseconds] = {}
        self._ended_by: dict[Release, dict[LaneGroup, None]] = {}
        self._timers: list[tuple[Milliseconds, int, LaneGroup]] = []
        self._open: list[tuple[Key, int, LaneGroup]] = []
        self._count = 0

    def list_lane(self, lane: Lane) -> None:
        """Give a lane a place by its first run, which is asked for next; none if the lane is empty."""
        if (run := lane.peek()) is lane.listed:
            return
        lane.listed = run
        self.refused.discard(lane.name)
        self._place(lane, None if run is None else self._free)

    # --- runs of owners without lanes, from any thread --------------------------------------------------------------

    def is_newcomer(self, owner: str) -> bool:
        """Return whether an owner without lanes could have a turn now, before those with lanes: once between looks."""
        return owner not in self._newcomers and owner not in self._owners and self._turns.is_due(owner)

    def note_newcomer(self, owner: str) -> None:
        """Note that an owner has had its turn. The next look charges it."""
        self._newcomers.add(owner)

    def _charge_newcomers(self) -> None:
        newcomers, self._newcomers = self._newcomers, set()
        for owner in newcomers:
            self._charge(owner)

    # --- a look -----------------------------------------------------------------------------------------------------

    def select(self, room: int, admit: Admit, now: Milliseconds) -> tuple[list[RunDocument], bool]:
        """Take at most `room` runs out of their lanes. Return them, and whether there are others to ask for.

        A refused run blocks only its own lane.
        """
        self._charge_newcomers()
        chosen: list[RunDocument] = []
        for _ in range(MAX_ASKED):
            if (found := self._next_lane()) is None:
                return chosen, False
            if len(chosen) >= room:
                break
            group, lane = found
            if (refusal := admit(lane.first())) is None:
                chosen.append(lane.pop())
                self._take_turn(lane.owner)
                self.list_lane(lane)
            else:
                self._refuse(lane, group, refusal, now)
        return chosen, True

    def _next_lane(self) -> tuple[LaneGroup, Lane] | None:
        """Return the lane that goes first among those of all open groups."""
        while self._open:
            offered, _, group = self._open[0]
            if group.offered != offered:
                heappop(self._open)  # offered again under another key, or closed
            elif (first := group.first()) is None:
                heappop(self._open)
                self._forget_empty(group)
            elif first[0] != offered:
                heappop(self._open)
                self._offer(group, first[0])
            else:
                return group, first[1]
        return None

    def _take_turn(self, owner: str) -> None:
        self._turns.take_turn(owner)
        self._owners[owner].turn = self._turns.next_turn(owner)

    def _refuse(self, lane: Lane, group: LaneGroup, refusal: Refusal, now: Milliseconds) -> None:
        """Close the group of this refusal, and move the lane there."""
        self.refused.add(lane.name)
        target = self._groups.get(refusal.cause)
        if target is None:
            target = self._groups[refusal.cause] = LaneGroup(self._find_turn, refusal.cause)
        if target is not group:
            self._place(lane, target)
        self._close(target, refusal, now)
        of_owner = self._owners[lane.owner]
        of_owner.refusals += 1
        if of_owner.refusals >= REFUSALS_PER_TURN:
            of_owner.refusals = 0
            self._charge(lane.owner)

    def _charge(self, owner: str) -> None:
        """Charge an owner a turn that it does not take in a look."""
        self._turns.charge(owner, 1)
        if owner in self._owners:
            self._owners[owner].turn = self._turns.next_turn(owner)

    # --- places of lanes --------------------------------------------------------------------------------------------

    def _place(self, lane: Lane, group: LaneGroup | None) -> None:
        """Give a lane a place in this group, or none."""
        former = self._group_of.pop(lane.name, None)
        self._count += 1
        lane.place = self._count
        if former is not None:
            former.leave()
            self._forget_empty(former)
        if group is None:
            self._leave_owner(lane.owner, former)
            return
        if former is None:
            owner = self._owners.setdefault(lane.owner, _OwnerTurn(self._turns.next_turn(lane.owner)))
            owner.lanes += 1
        self._group_of[lane.name] = group
        group.add(lane)
        if group not in self._closed and (first := group.first()) is not None:
            self._offer(group, first[0])

    def _leave_owner(self, owner: str, former: LaneGroup | None) -> None:
        if former is None:
            return
        self._owners[owner].lanes -= 1
        if not self._owners[owner].lanes:
            del self._owners[owner]

    def _find_turn(self, owner: str) -> int:
        return self._owners[owner].turn

    # --- groups: open or closed -------------------------------------------------------------------------------------

    def _offer(self, group: LaneGroup, key: Key) -> None:
        if group.offered != key:
            group.offered = key
            self._count += 1
            heappush(self._open, (key, self._count, group))

    def _close(self, group: LaneGroup, refusal: Refusal, now: Milliseconds) -> None:
        """Ask no lane of a group until one of the events, or the time."""
        self._leave_closed(group)
        group.offered, group.ends_with, group.until = None, refusal.ends_with, refusal.until
        self._closed[group] = now
        for event in refusal.ends_with:
            self._ended_by.setdefault(event, {})[group] = None
        if refusal.until is not None:
            self._count += 1
            heappush(self._timers, (refusal.until, self._count, group))

    def _reopen(self, group: LaneGroup) -> None:
        """Ask for the lanes of a group again. A few lanes of one owner join the free ones.

        Thus an owner has few open groups: each of its turns changes the key of each open group that it leads.
        """
        self._leave_closed(group)
        lanes = group.lanes() if len(group) <= _FEW_LANES else []
        if len({lane.owner for lane in lanes}) == 1:
            for lane in lanes:
                self._place(lane, self._free)
            return
        if (first := group.first()) is not None:
            self._offer(group, first[0])

    def _leave_closed(self, group: LaneGroup) -> None:
        if self._closed.pop(group, None) is None:
            return
        group.until = None
        for event in group.ends_with:
            groups = self._ended_by[event]
            groups.pop(group, None)
            if not groups:
                del self._ended_by[event]

    def _forget_empty(self, group: LaneGroup) -> None:
        if not len(group):
            group.offered = None
            self._leave_closed(group)
            if group.cause is not None:
                self._groups.pop(group.cause, None)

    # --- the end of refusals ----------------------------------------------------------------------------------------

    def end_refusals(self, events: Iterable[Release], now: Milliseconds) -> None:
        """Ask again for what the events, or the time, may have ended the refusals of."""
        for event in events:
            for group in list(self._ended_by.get(event, ())):
                self._reopen(group)
        while self._timers and (self._timers[0][0] <= now or self._timers[0][2].until != self._timers[0][0]):
            until, _, group = heappop(self._timers)
            if group.until == until:
                self._reopen(group)
        for group, closed_at in list(islice(self._closed.items(), _MAX_REOPENED)):
            if 0 <= now - closed_at < REOPEN_MS:
                break
            self._reopen(group)

    def wait_from(self, now: Milliseconds) -> Milliseconds | None:
        """Return the time until a refusal ends by itself; None if none does."""
        while self._timers and self._timers[0][2].until != self._timers[0][0]:
            heappop(self._timers)
        return max(self._timers[0][0] - now, 0.0) if self._timers else None
