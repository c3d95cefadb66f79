"""The completer stores outcomes in batches, one batch at a time, and retries until the database acknowledges them.

It writes the response bodies first, then the runs (fenced, the source of truth), then the effects on tasks, alerts and
waiting runs.
"""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, replace

from pymongo.errors import BulkWriteError, PyMongoError

from tocsin import telemetry
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.documents import (
    SETTLED_SOON,
    SETTLED_STATUSES,
    VISIBLE_WITHIN,
    Database,
    ResponseBodyDocument,
    RunDocument,
    RunStatus,
    Trigger,
    is_unavailable,
    run_log_ids,
)
from tocsin.documents.history import stamp_late_ends
from tocsin.documents.inserts import existing_indexes
from tocsin.execution.completion import Completion
from tocsin.execution.report_notices import tell_reports
from tocsin.fair_queue import RoundRobin
from tocsin.outbound.reachability import Reachability
from tocsin.quotas.meter import UsageMeter
from tocsin.statistics.meter import StatisticsMeter
from tocsin.tasks import activity_log, run_effects
from tocsin.tasks.deferred_writes import advance_tasks, insert_new_runs
from tocsin.tasks.failure_pauses import complete_pauses
from tocsin.tasks.network_failures import find_network_failure, record_network_failures
from tocsin.wakeups import Signal, Wakeups

BATCH = 500
FLUSH_SECONDS = 0.005
MAX_RETRY_SECONDS = 2.0
MAX_REFUSALS = 5
"""Errors other than an unavailable database after which the outcomes of a batch are written one by one."""
_REQUEUED = frozenset({RunStatus.QUEUED, RunStatus.RUNNING})
REPORTED_TO_WORKFLOWS = SETTLED_STATUSES | {RunStatus.RETRY}
log = telemetry.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A batch as the database has it: the `completions` that it accepted.

    `runs` contain their outcome and have not been claimed since. `requeued` have been requeued since; they are given
    as the outcome left them.
    """

    completions: list[Completion]
    runs: list[RunDocument]
    requeued: list[RunDocument]

    def joined(self, other: "StoredBatch") -> "StoredBatch":
        """Return both batches as one."""
        return StoredBatch(
            [*self.completions, *other.completions], [*self.runs, *other.runs], [*self.requeued, *other.requeued]
        )


class Completer:
    """A buffer of outcomes and the loop that stores them. A run stays in flight until its outcome is acknowledged.

    `step_run_stored` is sent with the run of a step that has ended or waits for a retry.
    """

    def __init__(
        self,
        database: Database,
        in_flight: InFlightRuns,
        wakeups: Wakeups,
        meter: UsageMeter,
        reachability: Reachability | None = None,
        statistics: StatisticsMeter | None = None,
    ) -> None:
        self._database = database
        self._statistics = statistics or StatisticsMeter()
        self._meter = meter
        self._reachability = reachability or Reachability()
        self._in_flight = in_flight
        self._wakeups = wakeups
        self.step_run_stored: Signal[[RunDocument]] = Signal()
        self._buffer: RoundRobin[Completion] = RoundRobin()
        self._filled = asyncio.Event()
        self._full = asyncio.Event()
        self._writing = False

    def put(self, completion: Completion) -> None:
        """Add a completion to the buffer. While there are more than a batch, owners take turns."""
        self._buffer.add(completion.run["owner"], completion)
        self._filled.set()
        if len(self._buffer) >= BATCH:
            self._full.set()

    @property
    def is_idle(self) -> bool:
        """True when everything is stored."""
        return not len(self._buffer) and not self._writing

    async def store_batches(self) -> None:
        """Store batches until cancelled. A single outcome is stored at once, unless several came together before it."""
        batch: list[Completion] = []
        while True:
            await self._filled.wait()
            if len(batch) > 1:
                await self._wait_for_more()
            self._writing = True
            batch = self._buffer.take(BATCH)
            await self._write_until_acknowledged(batch)
            self._writing = False
            if len(self._buffer) < BATCH:
                self._full.clear()
            if not len(self._buffer):
                self._filled.clear()

    async def _wait_for_more(self) -> None:
        """Wait for other outcomes: a larger batch costs less for each of them."""
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await self._full.wait()
        except TimeoutError:
            pass

    async def _write_until_acknowledged(self, batch: list[Completion]) -> None:
        pause, refusals = 0.1, 0
        while True:
            try:
                return await self._write(batch)
            except Exception as error:
                refusals += not is_unavailable(error)
                if refusals >= MAX_REFUSALS or not isinstance(error, PyMongoError):
                    return await self._isolate(batch, error)
                log.warning("outcomes not stored, retrying", runs=len(batch), error=str(error)[:300])
                await asyncio.sleep(pause)
                pause = min(pause * 2, MAX_RETRY_SECONDS)

    async def _isolate(self, batch: list[Completion], error: Exception) -> None:
        """Store each outcome on its own. One that cannot be stored is stored without its details."""
        if len(batch) > 1:
            for one in batch:
                await self._write_until_acknowledged([one])
            return
        (one,) = batch
        log.error("outcome cannot be stored", **run_log_ids(one.run["_id"]), error=repr(error)[:300])
        if not one.has_details:
            self._in_flight.remove([one.run])  # the lease tick will find the run and close its attempt as LOST
        else:
            await self._write_until_acknowledged([one.without_details()])

    async def _write(self, batch: list[Completion]) -> None:
        """Store a batch, apply its effects, and log it. After a failure, everything is repeated."""
        batch, began = self._stamped(batch), time.monotonic()
        await self._insert_bodies(batch)
        await tell_reports(self._database, batch)
        has_network_failures = self._reachability.is_watched and await self._record_network_failures(batch)
        async with self._database.deferred.lock:
            deferred = [one for one in batch if self._database.deferred.get(one.run["_id"]) is not None]
            inserted = await self._insert_deferred(deferred)
        unwritten = {one.run["_id"] for one in deferred}
        stored = await self._update_runs([one for one in batch if one.run["_id"] not in unwritten])
        self._database.changes.runs_moved(stored.runs)
        await self._apply_effects(stored)
        stored = stored.joined(inserted)
        await complete_pauses(self._database, stored.runs)
        if time.monotonic() - began > VISIBLE_WITHIN.total_seconds() / 2:
            await stamp_late_ends(self._database, [run["_id"] for run in stored.runs])
        self._log_and_meter(stored)
        self._statistics.count_ends(stored.runs)  # last, so that the runs of a repeated batch are counted once
        self._in_flight.remove([one.run for one in batch])
        if has_network_failures:
            self._reachability.report_failures()
        for run in stored.runs:
            if run["status"] == RunStatus.RETRY:
                self._wakeups.task_due(run.get("retry_at"))
            elif run["status"] == RunStatus.WAITING:
                self._wakeups.callback_expected(run.get("callback_by"))

    def _stamped(self, batch: list[Completion]) -> list[Completion]:
        """Return the batch with the present as the time of storing, where it makes a difference."""
        now = self._database.changes.now()
        soon = now - SETTLED_SOON
        return [replace(one, stored_at=now) if one.run["created_at"] < soon else one for one in batch]

    async def _insert_bodies(self, batch: list[Completion]) -> None:
        bodies: list[ResponseBodyDocument] = [
            {"_id": f"{one.run['_id']}#{one.attempt['number']}", "text": one.body} for one in batch if one.body
        ]
        if not bodies:
            return
        try:
            await self._database.response_bodies.insert_many(bodies, ordered=False)
        except BulkWriteError as error:
            existing_indexes(error)  # stored by an earlier try of this batch

    async def _record_network_failures(self, batch: list[Completion]) -> bool:
        """Record which of these runs the network may have failed, before they end. Return whether there are some."""
        failures = [find_network_failure(one.completed_run(), one.attempt) for one in batch if one.attempt.get("error")]
        found = [each for each in failures if each is not None]
        await record_network_failures(self._database, found)
        return bool(found)

    async def _insert_deferred(self, batch: list[Completion]) -> StoredBatch:
        """Insert runs that were deferred with their outcomes, and advance their tasks."""
        runs = [one.completed_run() for one in batch]
        existing = await insert_new_runs(self._database, runs) if runs else set[int]()
        fresh = [index for index in range(len(runs)) if index not in existing]
        inserted = StoredBatch([batch[index] for index in fresh], [runs[index] for index in fresh], [])
        self._database.changes.runs_created(one.run for one in inserted.completions)
        self._database.changes.runs_moved(inserted.runs)
        if existing:  # as claimed, by a write whose advance of the tasks failed, or by an earlier try of this batch
            inserted = inserted.joined(await self._update_runs([batch[index] for index in existing]))
        await run_effects.record_alerts(self._database, inserted.runs)
        deferred = self._database.deferred
        found = [(each, run) for run in inserted.runs if (each := deferred.get(run["_id"])) is not None]
        await advance_tasks(self._database, [each for each, _ in found], [run for _, run in found])
        deferred.remove([each for one in batch if (each := deferred.get(one.run["_id"])) is not None])
        return inserted

    async def _update_runs(self, batch: list[Completion]) -> StoredBatch:
        if not batch:
            return StoredBatch([], [], [])
        updates = [completion.build_update() for completion in batch]
        result = await self._database.runs.bulk_write(updates, ordered=False)
        if result.modified_count < len(batch):
            return await self._read_back(batch)
        final, others = [one for one in batch if one.is_final], [one for one in batch if not one.is_final]
        stored = StoredBatch(final, [one.completed_run() for one in final], [])
        return stored.joined(await self._read_back(others)) if others else stored

    async def _read_back(self, batch: list[Completion]) -> StoredBatch:
        """Return what is stored of a batch. Late outcomes, which the fence refused, are dropped."""
        found = await self._database.runs.find({"_id": {"$in": [one.run["_id"] for one in batch]}}).to_list()
        documents = {run["_id"]: run for run in found}
        stored = StoredBatch([], [], [])
        for one in batch:
            document = documents.get(one.run["_id"])
            if document is None or not one.is_stored_in(document):
                log.info("late outcome refused", **run_log_ids(one.run["_id"]))
                continue
            stored.completions.append(one)
            if document["fence"] == one.run["fence"]:
                stored.runs.append(document)
            if document["status"] in _REQUEUED:
                stored.requeued.append(one.completed_run())
        return stored

    def _log_and_meter(self, stored: StoredBatch) -> None:
        """Log the outcomes, and count their bytes for the owners' quotas."""
        shown = {run["_id"] for run in stored.runs}
        activity_log.log_run_outcomes([*stored.runs, *(run for run in stored.requeued if run["_id"] not in shown)])
        stored_bytes = Counter[str]()
        for one in stored.completions:
            stored_bytes[one.run["owner"]] += one.stored_bytes()
        for owner, count in stored_bytes.items():
            self._meter.add_bytes(owner, count)

    async def _apply_effects(self, stored: StoredBatch) -> None:
        """Tell workflows of their runs, then record alerts, project the tasks and release waiting runs."""
        for run in stored.runs:
            if run["trigger"] == Trigger.WORKFLOW and run["status"] in REPORTED_TO_WORKFLOWS:
                self.step_run_stored(run)
        await run_effects.record_alerts(self._database, stored.requeued)
        if await run_effects.apply_effects(self._database, stored.runs):
            self._wakeups.runs_queued()
