"""Upkeep of statistics: they are stored, and what was counted wrongly is counted again (docs/adr/0060)."""

import asyncio
import time
from datetime import datetime, timedelta

from tocsin import clock, telemetry
from tocsin.documents import Database
from tocsin.statistics.meter import OwnerHour
from tocsin.statistics.recount import find_wrong_hours
from tocsin.statistics.service import Statistics

FLUSH_SECONDS = 1.0
SWEEP_SECONDS = 60.0
_GROUPS_SECONDS = 60.0
"""Interval at which the counts of tasks and workflows are stored, so that frequent tasks are written rarely."""
_SWEPT = timedelta(days=8)
"""Age of the due times that each sweep looks at again. The first one of an owner looks at the whole history."""
_SWEEP_INTERVAL = timedelta(days=1)
_REST = 20
"""The time until an hour is counted again, as a multiple of the time that counting it took."""
_PAUSE = 4
"""The pause after an owner was looked at, as a multiple of the time that it took."""
log = telemetry.get_logger(__name__)


class StatisticsKeeper:
    """Stores what the meter counted, and counts hours again that are marked, or of which a sweep finds another count.

    Ends are lost if a process dies before it has stored them, and counted twice if the connection to the database is
    lost while they are. A sweep finds both: at the start, when changes were lost, and once a day.
    """

    def __init__(self, database: Database, statistics: Statistics, kept: timedelta) -> None:
        self._database, self._statistics, self._kept = database, statistics, kept
        self._groups_at = 0.0
        self._rests: dict[OwnerHour, float] = {}
        self._swept_at: datetime | None = None

    async def store(self) -> None:
        """Store what was counted, and count marked hours again."""
        statistics, now = self._statistics, time.monotonic()
        with_groups = now - self._groups_at >= _GROUPS_SECONDS
        await statistics.count_noted()
        await statistics.flush(with_groups=with_groups)
        if with_groups:
            self._groups_at = now
        self._rests = {hour: until for hour, until in self._rests.items() if until > now}
        for hour in sorted(statistics.meter.marked - self._rests.keys(), key=lambda one: -one.hour):
            statistics.meter.marked.discard(hour)
            began = time.monotonic()
            await statistics.recount_hour(hour)
            self._rests[hour] = time.monotonic() + _REST * (time.monotonic() - began)

    async def sweep(self) -> None:
        """Compare the counts with the runs that are stored, if that is due."""
        now, meter = clock.now(), self._statistics.meter
        is_due = self._swept_at is None or now - self._swept_at >= _SWEEP_INTERVAL
        if not is_due and not meter.has_lost_changes:
            return
        meter.has_lost_changes = False
        users = [user async for user in self._database.users.find({}, {"created_at": 1})]
        for user in users:
            began = time.monotonic()
            await self._sweep_owner(user["_id"], user["created_at"], now)
            await asyncio.sleep((time.monotonic() - began) * _PAUSE)
        self._swept_at = now

    async def _sweep_owner(self, owner: str, created_at: datetime, now: datetime) -> None:
        """Compare the counts of one owner. The first time, the whole history is counted."""
        since = now - (_SWEPT if await self._has_been_swept(owner) else self._kept)
        since = max(since, created_at - _SWEPT)
        await self._statistics.flush()
        wrong = await find_wrong_hours(self._database, owner, since, now)
        for hour in wrong:
            began = time.monotonic()
            await self._statistics.recount_hour(hour)
            await asyncio.sleep((time.monotonic() - began) * _PAUSE)
        if wrong:
            log.info("statistics counted again", owner=owner, hours=len(wrong))
        await self._note_swept(owner, now)

    async def _has_been_swept(self, owner: str) -> bool:
        return await self._database.run_statistics.find_one({"_id": f"{owner}/swept"}, {"_id": 1}) is not None

    async def _note_swept(self, owner: str, now: datetime) -> None:
        note = {"$set": {"owner": owner, "ends_at": now}}
        await self._database.run_statistics.update_one({"_id": f"{owner}/swept"}, note, upsert=True)
