"""The network watch tells an outage of this installation's network from one of its targets (docs/adr/0053).

An attempt that fails by the network makes it ask the canaries. If none answers, this process is cut off: it says so in
the stored state, gives its failed runs the reason INCONCLUSIVE, and has the administrators notified. When a canary
answers again, the runs are tried again at a limited rate. Each process judges its own network; an outage lasts until it
is over for all.
"""

import asyncio
import time
from datetime import datetime, timedelta

from pymongo.errors import PyMongoError

from tocsin import clock, telemetry
from tocsin.documents import Database, NetworkFailureDocument, NetworkStateDocument, RunDocument, new_id
from tocsin.documents.keyset import CursorPosition
from tocsin.maintenance import outage_plan
from tocsin.maintenance.inconclusive_runs import (
    MarkListener,
    find_suspected,
    forget_failures,
    list_inconclusive,
    mark_inconclusive,
    retry_inconclusive,
)
from tocsin.maintenance.outages import announce_outage, change_state, load_state
from tocsin.outbound.canaries import Canaries, CanaryCheck
from tocsin.outbound.reachability import Reachability
from tocsin.wakeups import Signal, Wakeups

IDLE_SECONDS = 10.0
"""Shortest time between two looks at the canaries that failures of runs cause, and the interval of looking for work."""
BUSY_SECONDS = 2.0
"""Interval of looks at the canaries while none answers, and of turns of runs that are tried again."""
FRESH_SECONDS = 5.0
"""Time for which an answer of the canaries is good, unless an attempt fails by the network meanwhile."""
MIN_FRESH_SECONDS = 1.0
ANSWER_SECONDS = 10.0
"""Time in which `is_held` answers, from what is known by then. It is shorter than the patience of those who ask."""
ANSWERS_TO_BE_BACK = 2
"""Looks in a row at which a canary must answer before the network counts as back."""
MAX_RETRIES_PER_TURN = 100
"""Runs that are tried again in one turn, by one process of all."""
MAX_TURN_SECONDS = 1.0
PART = 500
"""Failures that are looked through at a time."""
LOOK_BACK = timedelta(minutes=5)
"""Age up to which failures that no look has explained, because a process died, count to an outage found now."""
_ORPHANED = timedelta(seconds=60)
"""Age at which any process explains a failure: the process that recorded it has died, or cannot reach the database."""
log = telemetry.get_logger(__name__)


async def _ignore(_: list[RunDocument]) -> None:
    """Do nothing about runs that turned out to be inconclusive."""


class NetworkWatch:
    """The watch of one process. `watch_network` is its duty; `is_held` answers whoever is about to blame a host.

    `on_marked` is given the runs that turned out to be inconclusive after they had ended, perhaps several times.
    """

    def __init__(
        self,
        database: Database,
        canaries: Canaries,
        reachability: Reachability,
        worker: str,
        wakeups: Wakeups,
        on_marked: MarkListener = _ignore,
    ) -> None:
        self._database, self._canaries, self._wakeups = database, canaries, wakeups
        self._reachability, self._worker, self.on_marked = reachability, worker, on_marked
        self._only = None if database.changes.is_shared else worker
        self._looking = asyncio.Lock()
        self._looked_at = float("-inf")
        self._answers = 0
        self._place: CursorPosition | None = None
        self._cut_off_since: datetime | None = None
        self._judged_from = clock.EPOCH
        self.outage_noticed: Signal[[]] = Signal()

    @property
    def warning(self) -> str | None:
        """What the operator should know about the network; None if nothing."""
        if self._cut_off_since is None:
            return None
        return f"down since about {self._cut_off_since:%Y-%m-%d %H:%M:%S} UTC: no canary answers"

    def can_look(self) -> bool:
        """Return whether the canaries were left alone for long enough to be asked about another failure of a run."""
        return time.monotonic() - self._looked_at >= IDLE_SECONDS

    def has_suspicion(self) -> bool:
        """Return whether an attempt has failed by the network since the canaries were last asked."""
        return self._reachability.last_failure >= self._looked_at

    async def is_held(self, host: str) -> bool:
        """Return whether to hold what would be said of this host, because the fault may be our own network's.

        Asks the canaries, unless they have answered since the last failure. The runs that an outage failed, however
        many, are marked afterwards by `watch_network`: `outage_noticed` is sent. Raises what the driver raises.
        """
        was_cut_off = self._reachability.is_cut_off
        if not self._canaries.urls:
            return False
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                if (await load_state(self._database))["open"]:
                    return True
                await self._look()
        except TimeoutError:
            log.warning("the canaries could not be asked in time", host=host, is_cut_off=self._reachability.is_cut_off)
        if self._reachability.is_cut_off and not was_cut_off:
            self.outage_noticed()
        if self._reachability.is_cut_off:
            log.info("a host is not blamed, because the network is down", host=host)
        return self._reachability.is_cut_off

    async def ask_canaries(self) -> None:
        """Ask the canaries about an attempt that has just failed, for whoever must know before it is stored."""
        was_cut_off, self._reachability.last_failure = self._reachability.is_cut_off, time.monotonic()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._look()
        except (TimeoutError, PyMongoError) as error:
            log.warning("the canaries could not be asked about a step of a workflow", reason=repr(error))
        if self._reachability.is_cut_off and not was_cut_off:
            self.outage_noticed()

    async def watch_network(self) -> float:
        """Look at the canaries if there is reason to, and do what follows. Return the seconds until the next call."""
        if self._canaries.urls and await self._has_reason_to_look():
            await self._look()
        if self._reachability.is_cut_off:
            await self._mark_mine()
        state = await self._settle_state()
        is_trying = False
        if not state["open"] and not self._reachability.is_cut_off:
            is_trying = await self._try_again(state, clock.now())
        return BUSY_SECONDS if state["open"] or self._reachability.is_cut_off or is_trying else IDLE_SECONDS

    async def _has_reason_to_look(self) -> bool:
        """Return whether to ask the canaries: at first, after a failure, and if this or another process is cut off."""
        if self._looked_at == float("-inf") or self._reachability.is_cut_off or self.has_suspicion():
            return True
        return self.can_look() and (await load_state(self._database))["open"]

    # --- canaries ---------------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        """Ask the canaries, once for all who wait for it, and note what follows from their answer."""
        async with self._looking:
            if self._is_fresh():
                return
            began, before, self._looked_at = clock.now(), self._looked_at, time.monotonic()
            try:
                await self._note_answer(await self._canaries.ask_all(), began)
            except BaseException:  # then nothing is known: whoever comes next looks again
                self._looked_at = before
                raise

    def _is_fresh(self) -> bool:
        age = time.monotonic() - self._looked_at
        if self._reachability.is_cut_off or self.has_suspicion():
            return age < MIN_FRESH_SECONDS
        return age < FRESH_SECONDS

    async def _note_answer(self, check: CanaryCheck, began: datetime) -> None:
        if not check.is_answered:
            self._answers = 0
            await self._note_outage(check, began)
        elif not self._reachability.is_cut_off:
            await self._blame_targets(began)
        else:
            self._answers += 1
            if self._answers >= ANSWERS_TO_BE_BACK:
                await self._note_return()

    async def _blame_targets(self, began: datetime) -> None:
        """Forget the failures before a look that was answered, unless they belong to an outage that is not settled."""
        state = await load_state(self._database)
        cut_off = {each["worker"] for each in state["observers"]} if state["open"] else set[str]()
        explained = [each for each in await self._find_mine(began) if each["worker"] not in cut_off]
        await forget_failures(self._database, explained)

    async def _note_outage(self, check: CanaryCheck, began: datetime) -> None:
        """Store that this process is cut off, and only then judge its runs by it, so that none is forgotten."""
        found = await self._find_mine(clock.now())
        since = min((each["at"] for each in found if each["at"] >= began - LOOK_BACK), default=began)
        outage = new_id()
        await change_state(
            self._database, lambda state: outage_plan.plan_cut_off(state, self._worker, since, clock.now(), outage)
        )
        if not self._reachability.is_cut_off:
            log.error("the network is down: no canary answers", failures=" ".join(check.failures))
            self._cut_off_since, self._judged_from = since, began - LOOK_BACK
        self._reachability.is_cut_off = True
        telemetry.NETWORK_DOWN.set(1)

    async def _mark_mine(self) -> None:
        """Mark the runs of this process that the outage failed, and forget failures that are older than it.

        Nobody waits for this. What is not marked before the process is back is marked before the outage ends.
        """
        found, since = await self._find_mine(clock.now()), self._judged_from
        if self._reachability.is_cut_off:  # it is not back meanwhile
            mine = [each for each in found if each["at"] >= since]
            await mark_inconclusive(self._database, mine, self.on_marked)
            await forget_failures(self._database, [each for each in found if each["at"] < since])

    async def _note_return(self) -> None:
        """Judge runs by their targets again, and only then store that this process is no longer cut off."""
        self._reachability.is_cut_off = False
        self._cut_off_since = None
        telemetry.NETWORK_DOWN.set(0)
        log.warning("the network is back: a canary answers")
        await change_state(self._database, lambda state: outage_plan.plan_return(state, self._worker, clock.now()))

    async def _find_mine(self, until: datetime) -> list[NetworkFailureDocument]:
        """Return the unexplained failures up to that time of this process, and those that nobody else explains."""
        orphaned = clock.now() - _ORPHANED
        found = await find_suspected(self._database, until)
        mine = (self._worker, *({each["worker"] for each in found} if self._only else ()))
        return [each for each in found if each["worker"] in mine or each["at"] < orphaned]

    # --- outage -----------------------------------------------------------------------------------------------------

    async def _settle_state(self) -> NetworkStateDocument:
        """Announce what is not announced yet, and end an outage that is over for all. Return the state."""
        state = await load_state(self._database)
        if state["open"]:
            state = await change_state(
                self._database, lambda now: outage_plan.plan_silence(now, clock.now(), only=self._only)
            )
        if not state["is_announced"] or not state["is_end_announced"] or state.get("untold_end") is not None:
            await announce_outage(self._database, state)
            state = await load_state(self._database)
        if not outage_plan.can_end(state) or self._reachability.is_cut_off:
            return state
        if await self._mark_left(state):
            return state
        rev = state["rev"]
        state = await change_state(
            self._database,
            lambda now: outage_plan.plan_end(now, clock.now()) if now["rev"] == rev else {},
        )
        await announce_outage(self._database, state)
        return await load_state(self._database)

    async def _mark_left(self, state: NetworkStateDocument) -> int:
        """Mark what processes that were cut off have not marked, because they died. Return how many must still wait."""
        since = {each["worker"]: each["since"] for each in state["observers"]}
        suspected = await find_suspected(self._database, clock.now())
        left = [each for each in suspected if each["worker"] in since and each["at"] >= since[each["worker"]]]
        ended = {each["worker"]: each["back_at"] for each in state["observers"]}
        during = [each for each in left if (end := ended[each["worker"]]) is None or each["at"] <= end]
        return await mark_inconclusive(self._database, during, self.on_marked)

    # --- again ------------------------------------------------------------------------------------------------------

    async def _try_again(self, state: NetworkStateDocument, now: datetime) -> bool:
        """Try a limited number of inconclusive runs again, owners alike. Return whether there may be more."""
        since = state["since"] or now - LOOK_BACK
        if not (part := await self._next_part(since, now)):
            return False
        state = await change_state(self._database, lambda stored: outage_plan.plan_retrier(stored, self._worker, now))
        if state.get("retrier") != self._worker:
            return True
        if sent := await self._retry_parts(part, since, now):
            log.info("inconclusive runs are tried again", runs=sent)
            self._wakeups.runs_queued()
        return True

    async def _retry_parts(self, part: list[NetworkFailureDocument], since: datetime, now: datetime) -> int:
        """Take one part of the list after the other, until enough runs run again or it takes too long.

        Return how many run again. The next call goes on where this one ended.
        """
        sent, began = 0, time.monotonic()
        while part and sent < MAX_RETRIES_PER_TURN and time.monotonic() - began < MAX_TURN_SECONDS:
            done, queued = await retry_inconclusive(self._database, part, now, MAX_RETRIES_PER_TURN - sent)
            sent += queued
            self._place = CursorPosition(part[-1]["at"], part[-1]["_id"])
            part = await self._next_part(since, now) if done else []  # else all wait to be written
        return sent

    async def _next_part(self, since: datetime, now: datetime) -> list[NetworkFailureDocument]:
        """Return the next part of the list, from its beginning after its end."""
        part = await list_inconclusive(self._database, since, now, self._place, PART)
        if not part and self._place is not None:
            self._place = None
            part = await list_inconclusive(self._database, since, now, None, PART)
        return part
