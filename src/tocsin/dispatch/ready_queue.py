"""The ready queue: claimed runs that wait for a worker. Owners take turns, within their shares and host limits."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heapify, heappop, heappush
from typing import TypeVar

from tocsin.dispatch.host_lines import HostLines, OwnerHost
from tocsin.dispatch.limits import ProcessLimits
from tocsin.dispatch.owner_share import OwnerShare, get_owner_share
from tocsin.documents import RunDocument
from tocsin.fair_queue import FairTurns
from tocsin.tasks.ranking import compute_rank

K = TypeVar("K")


@dataclass(slots=True, eq=False)
class ClaimedRun:
    """A claimed run, with the monotonic time of its claim.

    `attempt_task` is the asyncio task that makes its attempt, started at `started_at`. `missed_lookups` counts the
    lookups in a row that did not find the claim in the database.
    """

    run: RunDocument
    claimed_at: float = field(default_factory=time.monotonic)
    started_at: datetime | None = None
    attempt_task: "asyncio.Task[None] | None" = None
    aborted: bool = False
    missed_lookups: int = 0

    def abort(self) -> None:
        """Abort the attempt, or prevent it from starting."""
        if not self.aborted:
            self.aborted = True
            if self.attempt_task is not None:
                self.attempt_task.cancel()


class ReadyQueue:
    """Waiting runs by owner and host. `host_limit` is the maximum of concurrent attempts to a host."""

    def __init__(self, limits: ProcessLimits, host_limit: int) -> None:
        self._host_share = get_owner_share(host_limit, limits.owner_share)
        self._limits = limits
        self._share = get_owner_share(limits.concurrency, limits.owner_share)
        self._turns = FairTurns()
        self._running: dict[str, int] = {}
        self._calling: dict[str, int] = {}
        self._calls: dict[OwnerHost, int] = {}
        self._by_target: dict[OwnerHost, list[tuple[int, int, ClaimedRun]]] = {}
        self._ready: dict[str, deque[OwnerHost]] = {}
        self._heap: list[tuple[int, int, str]] = []
        self._queued: set[str] = set()
        self._lines = HostLines(self._host_has_place)
        self._over_share: set[str] = set()
        self._count = 0
        self._waiting = 0
        self._busy = 0
        self._idle_workers: deque[asyncio.Future[None]] = deque()

    def __len__(self) -> int:
        return self._waiting

    @property
    def running(self) -> int:
        """The number of popped runs whose attempt has not ended."""
        return self._busy

    def push(self, item: ClaimedRun) -> None:
        """Add a run, by rank among those of the same owner and host, and wake a worker for it."""
        target, queued_at = (item.run["owner"], item.run.get("host")), item.run.get("queued_at")
        rank = 0 if queued_at is None else compute_rank(queued_at, item.run.get("priority") or 0)
        self._waiting += 1
        self._count += 1
        if (waiting := self._by_target.get(target)) is not None:
            heappush(waiting, (rank, self._count, item))
        else:
            self._by_target[target] = [(rank, self._count, item)]
            self._make_eligible(target)
        self._wake_worker()

    async def get(self) -> ClaimedRun:
        """Wait until a run may start, then remove and return it."""
        while (claimed := self.pop()) is None:
            idle = asyncio.get_running_loop().create_future()
            self._idle_workers.append(idle)
            await idle
        return claimed

    def pop(self) -> ClaimedRun | None:
        """Remove and return the next run that may start, or None."""
        while (item := self._pop_eligible()) is None and self._lines.has_unused:
            for host in self._lines.pop_unused():
                self._offer_place(host)
        return item

    def _pop_eligible(self) -> ClaimedRun | None:
        while self._heap:
            turn, _, owner = heappop(self._heap)
            self._queued.discard(owner)
            if turn < self._turns.next_turn(owner):
                self._push(owner)
                continue
            target = self._next_target(owner)
            if target is None:
                continue
            if self._has_place(target):
                return self._take(target)
            self._over_share.add(owner)
            self._lines.decline_all(owner)
        return None

    def finish_attempt(self, run: RunDocument) -> None:
        """Free the place of a popped run whose attempt has ended, and wake a worker for the next one."""
        owner, host = run["owner"], run.get("host")
        self._busy -= 1
        _decrement(self._running, owner)
        if host is not None:
            _decrement(self._calling, host)
            _decrement(self._calls, (owner, host))
            self._offer_place(host, (owner, host))
        for other in list(self._over_share):
            target = self._next_target(other)
            if target is not None and self._has_place(target):
                self._over_share.discard(other)
                self._push(other)
        self._wake_worker()

    def remove(self, item: ClaimedRun) -> bool:
        """Remove a run. Return whether it was in the queue."""
        target = item.run["owner"], item.run.get("host")
        entries = self._by_target.get(target, [])
        left = [entry for entry in entries if entry[2] is not item]
        if len(left) == len(entries):
            return False
        heapify(left)
        self._by_target[target] = left
        self._waiting -= 1
        if not left:
            self._remove_target(target)
        return True

    def withdraw(self, target: OwnerHost | None = None) -> list[ClaimedRun]:
        """Remove and return the runs of one owner to one host, or all."""
        targets = [target] if target is not None else list(self._by_target)
        return [item for each in targets for item in self._truncate(each, 0)]

    def withdraw_late(self, before: float, allowed: Callable[[OwnerHost], tuple[float, float]]) -> list[ClaimedRun]:
        """Remove and return the runs claimed before a time that exceed what `allowed` grants their owner and host."""
        taken: list[ClaimedRun] = []
        left: Counter[str] = Counter()
        for target, entries in list(self._by_target.items()):
            of_owner, to_host = allowed(target)
            early = sum(item.claimed_at >= before for _, _, item in entries)
            most = min(to_host, of_owner - left[target[0]])
            keep = len(entries) if most >= len(entries) else max(int(most), early, 0)
            left[target[0]] += keep
            taken += self._truncate(target, keep)
        return taken

    # --- private ----------------------------------------------------------------------------------------------------

    def _wake_worker(self) -> None:
        """Wake an idle worker if any owner may have a run that can start."""
        while (self._heap or self._lines.has_unused) and self._idle_workers:
            idle = self._idle_workers.popleft()
            if not idle.done():
                idle.set_result(None)
                return

    def _offer_place(self, host: str | None, ended: OwnerHost | None = None) -> None:
        """Offer a free place at a host to the first target in line that may take it.

        The `ended` target has one attempt less, so it may take a place that no other may.
        """
        while (target := self._lines.next_target(host)) is not None:
            self._lines.leave(target)
            is_offered = target[0] not in self._over_share
            self._make_eligible(target, is_first=is_offered)  # first, since nobody else is offered the place meanwhile
            if is_offered:
                self._lines.offer(target)
                break
        if ended is not None and self._lines.may_follow(ended):
            self._lines.leave(ended)
            self._make_eligible(ended)

    def _next_target(self, owner: str) -> OwnerHost | None:
        """Return the owner's next target whose host has a free place."""
        targets = self._ready.get(owner)
        while targets:
            target = targets[0]
            if self._host_has_place(target):
                return target
            self._lines.join(targets.popleft())
        self._ready.pop(owner, None)
        self._over_share.discard(owner)
        return None

    def _host_has_place(self, target: OwnerHost, others: int = 0) -> bool:
        """Return whether a target may take a place at its host after so many others."""
        host = target[1]
        if host is None:
            return True
        own, taken = self._calls.get(target, 0), self._calling.get(host, 0) + others
        return self._can_take(self._host_share, own, taken, target)

    def _has_place(self, target: OwnerHost) -> bool:
        return self._can_take(self._share, self._running.get(target[0], 0), self._busy, target)

    def _can_take(self, share: OwnerShare, own: int, taken: int, target: OwnerHost) -> bool:
        """Return whether the first run of a target may take another place: beyond its share, a short one may."""
        beyond = own >= share.guaranteed
        return share.can_take(own, taken, short=beyond and self._limits.is_short(self._by_target[target][0][2].run))

    def _take(self, target: OwnerHost) -> ClaimedRun:
        """Remove and return the first run of a target, which is the next one of its owner."""
        owner, host = target
        waiting, targets = self._by_target[target], self._ready[owner]
        item = heappop(waiting)[2]
        self._waiting -= 1
        self._busy += 1
        self._turns.take_turn(owner)
        _increment(self._running, owner)
        if host is not None:
            _increment(self._calling, host)
            _increment(self._calls, target)
        targets.popleft()
        self._lines.accept(target)
        if waiting:
            targets.append(target)
        else:
            del self._by_target[target]
        if targets:
            self._push(owner)
        else:
            del self._ready[owner]
        return item

    def _make_eligible(self, target: OwnerHost, *, is_first: bool = False) -> None:
        """Make a target eligible again, as the last or the first one of its owner."""
        owner = target[0]
        targets = self._ready.setdefault(owner, deque())
        if is_first:
            targets.appendleft(target)
        else:
            targets.append(target)
        if owner not in self._over_share:
            self._push(owner)

    def _push(self, owner: str) -> None:
        if owner not in self._queued:
            self._queued.add(owner)
            self._count += 1
            heappush(self._heap, (self._turns.next_turn(owner), self._count, owner))

    def _truncate(self, target: OwnerHost, keep: int) -> list[ClaimedRun]:
        """Remove and return all runs of a target but the first `keep`."""
        if keep >= len(self._by_target.get(target, ())):
            return []
        entries = sorted(self._by_target.get(target, ()), key=lambda entry: entry[:2])
        taken = [item for _, _, item in entries[keep:]]
        self._waiting -= len(taken)
        self._by_target[target] = entries[:keep]  # sorted, hence a valid heap
        if not keep:
            self._remove_target(target)
        return taken

    def _remove_target(self, target: OwnerHost) -> None:
        owner = target[0]
        del self._by_target[target]
        if target in self._ready.get(owner, ()):
            self._ready[owner].remove(target)
        self._lines.leave(target)
        self._lines.decline(target)
        self._wake_worker()


def _increment(counts: dict[K, int], key: K) -> None:
    counts[key] = counts.get(key, 0) + 1


def _decrement(counts: dict[K, int], key: K) -> None:
    """Count one less, and forget the key of a zero."""
    left = counts[key] - 1
    if left:
        counts[key] = left
    else:
        del counts[key]
