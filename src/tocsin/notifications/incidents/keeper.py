"""The keeper of incidents: groups changed alerts, and tells what is news, with owners in turn.

Any number of processes keep incidents at once. All that they write is conditional or idempotent, so they need no lease.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta

from pymongo.errors import PyMongoError

from tocsin import clock
from tocsin.documents import Database, aggregate
from tocsin.documents.updates import Expression
from tocsin.notifications.incidents import grouping, telling
from tocsin.notifications.incidents.telling import TellingRules
from tocsin.periodic import Periodic
from tocsin.telemetry import get_logger

POLL_SECONDS = 5.0
_BACKOFF = (1.0, 15.0)
_SEARCH_SECONDS = 1.0
"""Time after which the owners are searched again while there is work: a search reads all that is due."""
_REST_SECONDS = 0.25
"""Time for which the keeper rests when it has done all: what fails meanwhile is kept together, with fewer queries."""
_log = get_logger(__name__)


class IncidentKeeper:
    """Keeps the incidents of all owners. `group_wait` is how long others are waited for before a host is told."""

    def __init__(
        self,
        database: Database,
        group_wait: timedelta,
        rules: TellingRules | None = None,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._database, self._group_wait, self._now = database, group_wait, now
        self._rules = rules or TellingRules()
        self._turns: deque[str] = deque()
        self._failed: set[str] = set()
        self._next_search = self._rest_until = 0.0
        self._duty = Periodic("incidents", self._keep, POLL_SECONDS, first_delay=0.0, backoff=_BACKOFF)
        self._stack = ExitStack()

    def start(self) -> None:
        """Start to keep incidents. If the database is unavailable, log that, wait and go on."""
        self._stack.enter_context(self._database.alerts_changed.connected(self._duty.trigger))
        self._duty.start()

    async def stop(self) -> None:
        """Stop. What is under way is repeated by another process, or after the next start."""
        self._stack.close()
        await self._duty.stop()

    async def keep_due(self) -> None:
        """Do all that is due now."""
        while owners := await self._find_owners(self._now()):
            for owner in owners:
                await self._keep_owner(owner)

    async def _keep(self) -> float:
        """Do what is due, with owners in turn, and return the seconds until the next look."""
        await asyncio.sleep(max(self._rest_until - time.monotonic(), 0.0))
        self._failed.clear()
        while await self._next_turns():
            owner = self._turns.popleft()
            try:
                if await self._keep_owner(owner):
                    self._turns.append(owner)
            except PyMongoError:
                raise
            except Exception:  # a bug must not keep the incidents of others from being told
                _log.exception("the incidents of a user could not be kept", owner=owner)
                self._failed.add(owner)
        self._rest_until = time.monotonic() + _REST_SECONDS
        return await self._seconds_until_next(self._now())

    async def _next_turns(self) -> bool:
        """Return whether anybody has a turn. From time to time, owners that have work now join."""
        if not self._turns or time.monotonic() >= self._next_search:
            waiting = {*self._turns, *self._failed}
            self._turns += [owner for owner in await self._find_owners(self._now()) if owner not in waiting]
            self._next_search = time.monotonic() + _SEARCH_SECONDS
        return bool(self._turns)

    async def _find_owners(self, now: datetime) -> list[str]:
        """Return the owners of changed alerts and of incidents that are due."""
        due = {"pending": True, "handle_at": {"$lte": now}}
        group: Expression = {"$group": {"_id": "$owner"}}
        changed: Expression = {"$match": {"pending": True}}
        alerts = await aggregate(self._database.alerts, [changed, group])
        incidents = await aggregate(self._database.incidents, [{"$match": due}, group])
        return list(dict.fromkeys(row["_id"] for row in (*alerts, *incidents)))

    async def _keep_owner(self, owner: str) -> bool:
        """Handle a batch of an owner, and return whether there may be more."""
        now = self._now()
        told = await telling.tell_incidents(self._database, owner, now, self._rules)  # what waits comes before new news
        grouped = await grouping.group_alerts(self._database, owner, now, self._group_wait)
        if grouped:
            told += await telling.tell_incidents(self._database, owner, now, self._rules)
        return grouped == grouping.BATCH or told > 0

    async def _seconds_until_next(self, now: datetime) -> float:
        """Return the seconds until the next incident is due, at most those between polls."""
        soon = {"pending": True, "handle_at": {"$lte": now + timedelta(seconds=POLL_SECONDS)}}
        stages: list[Expression] = [{"$match": soon}, {"$group": {"_id": None, "at": {"$min": "$handle_at"}}}]
        rows = await aggregate(self._database.incidents, stages)
        if not rows:
            return POLL_SECONDS
        return max(float((rows[0]["at"] - now).total_seconds()), 0.05)
