"""Statistics as they are queried."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.documents import Database, RunDocument
from tocsin.statistics.periods import Bucket, Period, PeriodStatistics, plan_periods
from tocsin.statistics.service import Statistics
from tocsin.statistics.tally import END_PROJECTION, Tally, find_end, merge_tallies, moment_of, queue_scope, task_scope

MAX_SINGLE_RUNS = 1_000
"""Runs that are read of a task that is due once: these are not added up when they end."""
_LAST_HOUR = timedelta(minutes=55)


@dataclass(frozen=True, slots=True)
class FoundStatistics:
    """The statistics of periods, and of all of them together."""

    periods: list[PeriodStatistics]
    total: PeriodStatistics


async def read_statistics(
    database: Database,
    statistics: Statistics,
    owner: str,
    scope: str,
    periods: Sequence[Period],
    bucket: Bucket,
) -> FoundStatistics:
    """Return the statistics of a scope of an owner in these periods, which are adjacent."""
    if scope.startswith(task_scope("")) and await _is_due_once(database, owner, scope):
        tallies = await _tally_runs(database, f"{owner}/{scope.removeprefix(task_scope(''))}", periods, bucket)
    else:
        tallies = await statistics.read_periods(owner, scope, periods, bucket)
    found = [PeriodStatistics(period, tally) for period, tally in zip(periods, tallies, strict=True)]
    whole = Period(periods[0].start, periods[-1].end)
    return FoundStatistics(found, PeriodStatistics(whole, merge_tallies(tallies)))


async def read_last_hour(
    statistics: Statistics, queues: list[tuple[str, str]], now: datetime
) -> dict[tuple[str, str], list[PeriodStatistics]]:
    """Return the last hour by five minutes of an owner's runs in each of these queues, with one query."""
    bucket = Bucket.FIVE_MINUTES
    plans = {key: plan_periods(now - _LAST_HOUR, now, bucket, queue_scope(key[1]), now) for key in queues}
    wanted = [(key, period) for key, periods in plans.items() for period in periods]
    tallies = await statistics.read(
        [list(period.cells(key[0], queue_scope(key[1]), minutes=True)) for key, period in wanted]
    )
    found: dict[tuple[str, str], list[PeriodStatistics]] = {key: [] for key in queues}
    for (key, period), tally in zip(wanted, tallies, strict=True):
        found[key].append(PeriodStatistics(period, tally))
    return found


async def _is_due_once(database: Database, owner: str, scope: str) -> bool:
    task_id = f"{owner}/{scope.removeprefix(task_scope(''))}"
    task = await database.tasks.find_one({"_id": task_id}, {"schedule.kind": 1})
    return task is not None and task["schedule"]["kind"] == "once"


async def _tally_runs(database: Database, task_id: str, periods: Sequence[Period], bucket: Bucket) -> list[Tally]:
    """Return the tallies of a task that is due once, whose few runs are read."""
    due_at = {"$gte": moment_of(periods[0].start), "$lt": moment_of(periods[-1].end)}
    found = database.runs.find({"task": task_id, "due_at": due_at}, END_PROJECTION).limit(MAX_SINGLE_RUNS)
    runs: list[RunDocument] = await found.to_list()
    tallies = [Tally() for _ in periods]
    for run in runs:
        if (end := find_end(run)) is not None:
            tallies[(end.due_ms - periods[0].start) // bucket.value].add(end)
    return tallies
