"""The completer stores outcomes in batches, one batch at a time, and retries until the database acknowledges them.

It writes the response bodies first, then the runs (fenced, the source of truth), then the effects on tasks, mails and
waiting runs.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime

import bson
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, PyMongoError

from tocsin import telemetry
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.retry_decision import RunDecision
from tocsin.documents import (
    AttemptOutcome,
    Database,
    Doc,
    ErrorKind,
    RunReason,
    RunStatus,
    Trigger,
    is_unavailable,
    run_log_ids,
)
from tocsin.documents.states import SETTLED_STATUSES
from tocsin.documents.updates import Expression, has_value, is_null, move_run
from tocsin.quotas.meter import UsageMeter
from tocsin.tasks import activity_log, run_effects
from tocsin.wakeups import Wakeups

BATCH = 500
FLUSH_SECONDS = 0.005
MAX_RETRY_SECONDS = 2.0
MAX_REFUSALS = 5
"""Errors other than an unavailable database after which the outcomes of a batch are written one by one."""
_DUPLICATE = 11000
_NOT_STORED = {
    "kind": ErrorKind.INTERNAL.value,
    "message": "The attempt was made, but its outcome could not be stored. See the server log for details.",
    "hint": None,
}
_REQUEUED = frozenset({RunStatus.QUEUED.value, RunStatus.RUNNING.value})
_REPORTED_TO_WORKFLOWS = SETTLED_STATUSES | {RunStatus.RETRY}
log = telemetry.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Completion:
    """The outcome of an attempt: `run` as claimed, `attempt` as ended, the decision, the result, the response body."""

    run: Doc
    attempt: Doc
    decision: RunDecision
    result: object = None
    body: str | None = None

    def run_changes(self) -> Doc:
        """Return the changes of the run, except for its status."""
        decision, ended_at = self.decision, self.attempt["finished_at"]
        return {
            "attempts": [*self.run["attempts"][:-1], self.attempt],
            **({} if self.run.get("begun", True) else {"begun": True}),
            "started_at": self._started_at(),
            "reason": decision.reason and decision.reason.value,
            "retry_at": decision.retry_at,
            "finished_at": ended_at if decision.status in SETTLED_STATUSES else None,
            "error": self.attempt.get("error"),
            "result": self.result,
            "lost": 0,
            "worker": None,
        }

    def _started_at(self) -> datetime:
        """Return the start of the first attempt, which is this one if the run had not started before its claim."""
        started_at: datetime | None = self.run.get("started_at")
        is_first = started_at in (None, self.run["attempts"][-1]["started_at"])
        begun: datetime = self.attempt["started_at"]
        return begun if started_at is None or is_first else started_at

    def build_update(self) -> UpdateOne:
        """Return the fenced update of the run."""
        fence = has_value("fence", self.run["fence"])
        computed = _unless_final(self.decision, self.attempt["finished_at"])
        return move_run(
            self.run["_id"],
            [RunStatus.RUNNING],
            self.decision.status,
            self.run_changes(),
            computed=computed,
            where=fence,
        )

    def is_stored_in(self, document: Doc) -> bool:
        """Return whether a stored run contains this outcome."""
        index = self.attempt["number"] - 1
        stored = document["attempts"][index : index + 1]
        return bool(stored) and all(stored[0].get(name) == self.attempt[name] for name in ("finished_at", "outcome"))

    def without_details(self) -> "Completion":
        """Return a completion that fails the run and records only that the outcome could not be stored."""
        kept = {name: self.attempt[name] for name in ("number", "started_at", "worker", "finished_at")}
        attempt = kept | {"outcome": AttemptOutcome.FAILED.value, "error": _NOT_STORED}
        return Completion(self.run, attempt, RunDecision(RunStatus.FAILED, RunReason.NOT_RETRIED))

    def stored_bytes(self) -> int:
        """Return the approximate number of bytes that the attempt adds to the stored data."""
        result = len(self.result) if isinstance(self.result, str) else 0
        return len(bson.encode(self.attempt)) + (self.attempt.get("body_bytes") or 0) + result

    def completed_run(self) -> Doc:
        """Return the run as this completion leaves it."""
        return (
            self.run
            | self.run_changes()
            | {"status": self.decision.status.value, "open": self.decision.status not in SETTLED_STATUSES}
        )


def _unless_final(decision: RunDecision, ended_at: datetime) -> dict[str, Expression] | None:
    """Return the fields that end a run instead of retrying it if its owner paused or cancelled it meanwhile."""
    final = {"$not": [is_null("final")]}
    if decision.status is RunStatus.CANCELLED:
        return {"reason": {"$cond": [final, "$final.reason", RunReason.CANCEL_REQUESTED.value]}}
    if decision.status is not RunStatus.RETRY:
        return None
    return {
        "status": {"$cond": [final, "$final.status", RunStatus.RETRY.value]},
        "reason": {"$cond": [final, "$final.reason", None]},
        "open": {"$cond": [final, False, True]},
        "retry_at": {"$cond": [final, None, {"$literal": decision.retry_at}]},
        "finished_at": {"$cond": [final, {"$literal": ended_at}, None]},
    }


class Completer:
    """A buffer of outcomes and the loop that stores them. A run stays in flight until its outcome is acknowledged."""

    def __init__(
        self,
        database: Database,
        in_flight: InFlightRuns,
        wakeups: Wakeups,
        meter: UsageMeter | None = None,
    ) -> None:
        self._database = database
        self._meter = meter or UsageMeter()
        self._in_flight = in_flight
        self._wakeups = wakeups
        self._buffer: list[Completion] = []
        self._filled = asyncio.Event()
        self._full = asyncio.Event()
        self._writing = False

    def put(self, completion: Completion) -> None:
        """Add a completion to the buffer."""
        self._buffer.append(completion)
        self._filled.set()
        if len(self._buffer) >= BATCH:
            self._full.set()

    @property
    def is_idle(self) -> bool:
        """True when everything is stored."""
        return not self._buffer and not self._writing

    async def run(self) -> None:
        """Store batches until cancelled."""
        while True:
            await self._filled.wait()
            try:
                async with asyncio.timeout(FLUSH_SECONDS):
                    await self._full.wait()
            except TimeoutError:
                pass
            batch, self._buffer = self._buffer[:BATCH], self._buffer[BATCH:]
            self._writing = True
            await self._write_until_acknowledged(batch)
            self._writing = False
            if len(self._buffer) < BATCH:
                self._full.clear()
            if not self._buffer:
                self._filled.clear()

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
        if one.attempt.get("error") is _NOT_STORED:
            self._in_flight.remove([one.run])  # the lease tick will find the run and close its attempt as LOST
        else:
            await self._write_until_acknowledged([one.without_details()])

    async def _write(self, batch: list[Completion]) -> None:
        await self._write_bodies(batch)
        result = await self._database.runs.bulk_write(
            [completion.build_update() for completion in batch], ordered=False
        )
        certain = result.modified_count == len(batch) and all(one.decision.status in SETTLED_STATUSES for one in batch)
        runs, passed = ([one.completed_run() for one in batch], []) if certain else await self._read_back(batch)
        shown = {run["_id"] for run in runs}
        activity_log.log_run_outcomes([*runs, *(run for run in passed if run["_id"] not in shown)])
        for one in batch:
            self._meter.add_bytes(one.run["owner"], one.stored_bytes())
        mailed = await run_effects.enqueue_mails(self._database, passed)
        for run in runs:
            if run["trigger"] == Trigger.WORKFLOW.value and run["status"] in _REPORTED_TO_WORKFLOWS:
                self._wakeups.workflow_run_changed(run["task"])
        if await run_effects.apply_effects(self._database, runs) or mailed:
            self._wakeups.mails_queued()
            self._wakeups.runs_queued()
        self._in_flight.remove([one.run for one in batch])
        for run in runs:
            if run["status"] == RunStatus.RETRY.value:
                self._wakeups.task_due(run["retry_at"])

    async def _write_bodies(self, batch: list[Completion]) -> None:
        bodies = [{"_id": f"{one.run['_id']}#{one.attempt['number']}", "text": one.body} for one in batch if one.body]
        if not bodies:
            return
        try:
            await self._database.response_bodies.insert_many(bodies, ordered=False)
        except BulkWriteError as error:
            if any(fault["code"] != _DUPLICATE for fault in error.details["writeErrors"]):
                raise

    async def _read_back(self, batch: list[Completion]) -> tuple[list[Doc], list[Doc]]:
        """Return the runs that contain their outcome, as stored, and those requeued since, as the outcome left them.

        Late outcomes, which the fence refused, are dropped.
        """
        found = await self._database.runs.find({"_id": {"$in": [one.run["_id"] for one in batch]}}).to_list()
        documents = {run["_id"]: run for run in found}
        present, passed = [], []
        for one in batch:
            document = documents.get(one.run["_id"])
            if document is None or not one.is_stored_in(document):
                log.info("late outcome refused", **run_log_ids(one.run["_id"]))
                continue
            if document["fence"] == one.run["fence"]:
                present.append(document)
            if document["status"] in _REQUEUED:
                passed.append(one.completed_run())
        return present, passed
