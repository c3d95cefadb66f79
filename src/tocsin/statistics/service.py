"""Statistics of an installation: they are counted, stored and read here. One object per process."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

from tocsin.documents import Database, OutcomeDocument, RunDocument
from tocsin.statistics import recount, store
from tocsin.statistics.meter import MAX_OUTCOMES, OwnerHour, StatisticsMeter
from tocsin.statistics.periods import Bucket, Period
from tocsin.statistics.store import Cell
from tocsin.statistics.tally import END_PROJECTION, Tally, task_scope

_BATCH = 500


class Statistics:
    """Counts, stores and reads statistics of runs. `meter` counts.

    What a process counted is read together with what is stored, so its own runs are in the statistics at once.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.meter = StatisticsMeter()
        self._storing, self._recounting = asyncio.Lock(), asyncio.Lock()

    async def flush(self, *, with_groups: bool = True) -> None:
        """Store what was counted: of owners and queues, and of tasks and workflows if `with_groups`.

        Raises PyMongoError. Nothing that was counted is lost then, but some of it may be counted twice.
        """
        async with self._storing:
            taken = self.meter.take_pending(with_groups=with_groups)
            try:
                await store.add_pending(self._database, taken)
            except BaseException:
                self.meter.pending.merge(taken)
                raise

    async def count_noted(self) -> None:
        """Read the runs that ended in other ways than by an outcome, and count them, or mark their hours."""
        noted = self.meter.take_noted()
        ids = list(noted)
        for start in range(0, len(ids), _BATCH):
            which = {"_id": {"$in": ids[start : start + _BATCH]}}
            runs: list[RunDocument] = await self._database.runs.find(which, END_PROJECTION).to_list()
            for run in runs:
                self.meter.count_found(run, is_created=noted[run["_id"]])

    async def recount_hour(self, hour: OwnerHour) -> None:
        """Count the runs of an hour again. A run that ends meanwhile is counted once."""
        async with self._recounting:
            await self._recount_hour(hour)

    async def _recount_hour(self, hour: OwnerHour) -> None:
        await self.flush()
        self.meter.begin_recount(hour)
        try:
            counted = await recount.count_hour(self._database, hour)
        except BaseException:
            self.meter.end_recount(hour)
            self.meter.marked.add(hour)
            raise
        async with self._storing:
            try:
                counted.take_back(self.meter.end_recount(hour))
                await store.replace_hour(
                    self._database, hour.owner, hour.hour, counted.minutes, counted.hours, counted.outcomes
                )
            except BaseException:
                self.meter.marked.add(hour)
                raise

    async def read(self, groups: Sequence[Sequence[Cell]]) -> list[Tally]:
        """Return the sum of each of these groups of cells."""
        async with self._storing:
            found = await store.read_documents(self._database, (cell for group in groups for cell in group))
            pending = self.meter.pending
            recent = store.cells_of(pending.minutes, {})  # those of tasks are many, so look only for what is wanted
        tallies = []
        for group in groups:
            tally = store.sum_cells(found, group)
            for cell in group:
                if (added := recent.get(cell) or pending.find_hour(cell.owner, cell.scope, cell.number)) is not None:
                    tally.merge(added)
            tallies.append(tally)
        return tallies

    async def read_periods(self, owner: str, scope: str, periods: Sequence[Period], bucket: Bucket) -> list[Tally]:
        """Return the tally of each of these periods."""
        return await self.read([list(period.cells(owner, scope, minutes=bucket.has_minutes)) for period in periods])

    async def read_outcomes(self, task_ids: Iterable[str]) -> dict[str, list[OutcomeDocument]]:
        """Return the latest outcomes of each of these tasks, the latest due time last."""
        wanted = list(task_ids)
        async with self._storing:
            stored = await store.read_outcomes(self._database, wanted)
            pending = self.meter.pending.outcomes
            found = {}
            for task_id in wanted:
                document = stored.get(store.outcomes_id(task_id))
                known = pending.get((task_id.partition("/")[0], task_scope(task_id)), {})
                found[task_id] = _latest([*(document.get("outcomes", []) if document else []), *known.values()])
        return found

    async def prune(self, owner: str, before: datetime) -> None:
        """Delete the statistics of an owner of periods that ended before that time."""
        await store.prune_statistics(self._database, owner, before)


def _latest(outcomes: Iterable[OutcomeDocument]) -> list[OutcomeDocument]:
    """Return the latest outcomes in order, of each run the one that ended last."""
    ends: dict[str, OutcomeDocument] = {}
    for outcome in sorted(outcomes, key=lambda one: one["e"]):
        ends[outcome["r"]] = outcome
    return sorted(ends.values(), key=lambda one: one["d"])[-MAX_OUTCOMES:]
