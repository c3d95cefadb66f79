"""Counting of the runs that are stored, in place of what was counted when they ended."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from tocsin import clock
from tocsin.clock import epoch_milliseconds
from tocsin.documents import SETTLED_STATUSES, Database, Filter, RunDocument, RunStatus, aggregate
from tocsin.documents.history import find_history_begin
from tocsin.statistics.meter import HourKey, MinuteKey, OwnerHour, Pending
from tocsin.statistics.store import Cell, read_documents, sum_cells
from tocsin.statistics.tally import (
    ALL,
    END_PROJECTION,
    HOUR_MS,
    MINUTE_MS,
    RunEnd,
    Tally,
    find_end,
    moment_of,
)

_BATCH = 500
_DAY, _WEEK = 24, 168
_RECENT_MS = 600_000
"""Runs that ended so shortly before a recount may be counted by the completer while it goes on."""


class Recount:
    """The ends of runs that are stored of an hour."""

    def __init__(self) -> None:
        self.minutes: dict[MinuteKey, Tally] = {}
        self.hours: dict[HourKey, Tally] = {}
        self.outcomes = Pending()
        self._recent: set[str] = set()
        self._since = epoch_milliseconds(clock.now()) - _RECENT_MS

    def add(self, end: RunEnd) -> None:
        """Count the end of a run."""
        self._count(end, 1)
        self.outcomes.add_outcome(end)
        if end.ended_ms >= self._since:
            self._recent.add(end.run_id)

    def take_back(self, ends: Iterable[RunEnd]) -> None:
        """Take back those among these ends that were counted here: somebody else counted them as well."""
        for end in ends:
            if end.run_id in self._recent:
                self._count(end, -1)

    def _count(self, end: RunEnd, times: int) -> None:
        minute = MinuteKey(end.owner, end.queue, end.due_ms // MINUTE_MS)
        self.minutes.setdefault(minute, Tally()).add(end, times)
        if end.group is not None:
            self.hours.setdefault(HourKey(end.owner, end.group, end.hour), Tally()).add(end, times)


async def count_hour(database: Database, hour: OwnerHour) -> Recount:
    """Count the runs of an owner that were due in an hour and have ended."""
    counted = Recount()
    async for run in _read_runs(database, _due_within(hour.owner, hour.hour, hour.hour + 1)):
        if (end := find_end(run)) is not None:
            counted.add(end)
    return counted


def _due_within(owner: str, first: int, last: int) -> Filter:
    """Return the filter of the runs that were due from the hour `first` on, before the hour `last`."""
    return {"owner": owner, "due_at": {"$gte": moment_of(first * HOUR_MS), "$lt": moment_of(last * HOUR_MS)}}


async def _read_runs(database: Database, which: Filter) -> AsyncIterator[RunDocument]:
    stages = [{"$match": which}, {"$project": END_PROJECTION}]
    async with await database.runs.aggregate(stages, batchSize=_BATCH) as rows:
        async for run in rows:
            yield run


async def find_wrong_hours(database: Database, owner: str, since: datetime, until: datetime) -> list[OwnerHour]:
    """Return the hours of which another number of runs is counted than is stored, the latest first.

    Compares weeks, then the days of those that differ, and their hours. Hours from before the history begins are left
    as they are.
    """
    if (begin := await find_history_begin(database, owner)) is not None:
        since = max(since, begin + timedelta(hours=1))
    first, last = epoch_milliseconds(since) // HOUR_MS, epoch_milliseconds(until) // HOUR_MS + 1
    counted = await _read_counted(database, owner, range(first, last))
    wrong: list[OwnerHour] = []
    for week in _split(range(first, last), _WEEK):
        if not await _differs(database, owner, week, counted):
            continue
        for day in _split(week, _DAY):
            if await _differs(database, owner, day, counted):
                stored = await _count_by_hour(database, owner, day)
                wrong += [OwnerHour(owner, hour) for hour in reversed(day) if stored[hour] != counted[hour]]
    return wrong


def _split(hours: range, length: int) -> Iterator[range]:
    """Return these hours in parts, the latest first."""
    for stop in range(hours.stop, hours.start, -length):
        yield range(max(stop - length, hours.start), stop)


async def _differs(database: Database, owner: str, hours: range, counted: Mapping[int, Counter[str]]) -> bool:
    total = sum((counted[hour] for hour in hours), Counter[str]())
    counts = [await _count_stored(database, owner, hours, status) for status in SETTLED_STATUSES]
    return counts != [total[status] for status in SETTLED_STATUSES]


async def _read_counted(database: Database, owner: str, hours: range) -> dict[int, Counter[str]]:
    """Return the numbers of runs by status that are counted of each hour."""
    cells = [Cell(owner, ALL, False, hour) for hour in hours]
    documents = await read_documents(database, cells)
    return {cell.number: +sum_cells(documents, [cell]).statuses for cell in cells}


async def _count_stored(database: Database, owner: str, hours: range, status: RunStatus) -> int:
    return await database.runs.count_documents({**_due_within(owner, hours.start, hours.stop), "status": status})


async def _count_by_hour(database: Database, owner: str, hours: range) -> dict[int, Counter[str]]:
    """Return the numbers of runs by status that are stored of each hour."""
    hour = {"$dateTrunc": {"date": "$due_at", "unit": "hour"}}
    group = {"$group": {"_id": {"hour": hour, "status": "$status"}, "count": {"$sum": 1}}}
    stored = {number: Counter[str]() for number in hours}
    for row in await aggregate(database.runs, [{"$match": _due_within(owner, hours.start, hours.stop)}, group]):
        if row["_id"]["status"] in SETTLED_STATUSES:
            stored[epoch_milliseconds(row["_id"]["hour"]) // HOUR_MS][row["_id"]["status"]] = row["count"]
    return stored
