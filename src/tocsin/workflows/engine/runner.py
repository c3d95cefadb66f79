"""The runner of workflow runs: reads one, plans, writes the changes conditionally, and creates the runs."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from tocsin import clock
from tocsin.dispatch.transport import Transport
from tocsin.documents import (
    NEW_RETRY_BUDGET,
    SETTLED_STATUSES,
    Database,
    Doc,
    Hold,
    RunDocument,
    RunReason,
    RunStatus,
    Trigger,
    WorkflowRunStatus,
    new_run,
    owner_of,
    requeued,
)
from tocsin.documents.updates import change_when, has_value, move_run
from tocsin.quotas.meter import UsageMeter
from tocsin.tasks.activity_log import log_workflow_run_status
from tocsin.tasks.ranking import queue_placement, queued_fields
from tocsin.tasks.reconciliation import SLICE_SIZE, stop_updates
from tocsin.tasks.runs import RETRYABLE_STATUSES
from tocsin.wakeups import Wakeups
from tocsin.workflows.approval_mails import ApprovalMails
from tocsin.workflows.engine.abandonment import abandon_workflow_run
from tocsin.workflows.engine.evaluation import (
    INLINE_BUDGET,
    EvaluationKey,
    EvaluationResult,
    EvaluationSession,
    InlineBudgetExceeded,
    ResultText,
)
from tocsin.workflows.engine.evaluator import Evaluator
from tocsin.workflows.engine.incidents import IncidentTracker
from tocsin.workflows.engine.plan import Plan, advance_workflow
from tocsin.workflows.engine.run_update import build_update, estimate_size
from tocsin.workflows.engine.scope import (
    MAX_RESULTS_LENGTH,
    EvaluationNeeded,
    ResultsNeeded,
    ResultsTooLarge,
    StepContext,
)
from tocsin.workflows.engine.states import COMPLETED, StepRunOutcome, WorkflowState
from tocsin.workflows.engine.step_results import count_characters, load_results
from tocsin.workflows.engine.step_starts import StepRunRequest
from tocsin.workflows.language.jmespath_budget import Budget
from tocsin.workflows.versions import VersionCache

_DUPLICATE = 11000
_LIGHT = 256 * 1024
"""Maximum size of a workflow run in the light lane: the characters of its inputs and items."""
_OUTCOME_FIELDS = {"status": 1, "round": 1, "finished_at": 1, "error": 1}


@dataclass(frozen=True, slots=True)
class AdvanceResult:
    """The result of an advance.

    `again` asks for another advance at once, and `wake_at` for one at that time. `next_run` is the workflow run that
    waited for this one to end. `is_heavy` says that nothing was done, because a value or the document is too large for
    the light lane. `weight` is the approximate size of the document in bytes.
    """

    has_more: bool = False
    is_heavy: bool = False
    next_run_id: str | None = None
    wake_at: datetime | None = None
    size: int = 0


class WorkflowRunner:
    """Advances workflow runs."""

    def __init__(
        self,
        database: Database,
        versions: VersionCache,
        letters: ApprovalMails,
        hand: Transport,
        wakeups: Wakeups,
        evaluator: Evaluator | None = None,
        meter: UsageMeter | None = None,
    ) -> None:
        self._database = database
        self._versions = versions
        self._letters = letters
        self._incidents = IncidentTracker(database)
        self._hand = hand
        self._wakeups = wakeups
        self._evaluator = evaluator or Evaluator()
        self._meter = meter or UsageMeter()
        # More threads would only compete for the interpreter with each other and the event loop.
        self._light_slot, self._heavy_slot = asyncio.Semaphore(1), asyncio.Semaphore(1)

    async def advance(self, workflow_run: str, *, at_once: bool = False) -> AdvanceResult:
        """Advance a workflow run from its present state; with `at_once`, only if that is cheap."""
        document = await self._database.workflow_runs.find_one({"_id": workflow_run})
        if document is None or not document["open"] or await self._must_wait(document):
            return AdvanceResult()
        weight = estimate_size(document)
        if at_once and weight > _LIGHT:
            return AdvanceResult(is_heavy=True)
        try:
            flow, move, changes, retrying = await self._decide(document, at_once=at_once)
        except EvaluationNeeded:
            return AdvanceResult(is_heavy=True)
        if (
            move.runs_to_start
            and self._meter.consume_runs(document["owner"], len(move.runs_to_start), clock.now()) is not None
        ):
            return AdvanceResult()  # later: a sweep advances all open workflow runs every few seconds
        asked = await self._letters.enqueue_mails(document, flow)
        if await self._incidents.track_changes(document, flow, changes, retrying) or asked:
            self._wakeups.mails_queued()
        if changes and not await self._write(document, changes):
            return AdvanceResult(has_more=True)  # changed concurrently: plan again
        await self._make(move.runs_to_start, document)
        await self._cancel(move.runs_to_cancel)
        if move.outcome is not None:
            self._meter.add_bytes(document["owner"], weight)
            log_workflow_run_status(
                workflow_run, move.outcome.status, move.outcome.reason and move.outcome.reason.value
            )
            return AdvanceResult(next_run_id=await self._next_in_line(document), size=weight)
        return AdvanceResult(
            has_more=bool(move.runs_to_cancel) or move.has_more,
            size=weight,
            wake_at=changes.get("wake_at", document["wake_at"]),
        )

    async def abandon(self, workflow_run: str) -> None:
        """Abandon a workflow run that cannot be advanced, and cancel its runs."""
        open_runs = self._database.runs.find({"task": workflow_run, "open": True}, {"_id": 1})
        await self._cancel([run["_id"] async for run in open_runs])
        abandoned = await abandon_workflow_run(self._database, workflow_run, clock.now())
        if abandoned is not None and await self._incidents.track_changes(*abandoned, ()):
            self._wakeups.mails_queued()

    async def _must_wait(self, document: Doc) -> bool:
        """Return whether an earlier run of the workflow has to end before this one starts (overlap QUEUE)."""
        if document["status"] != WorkflowRunStatus.PENDING or document["trigger"] != Trigger.SCHEDULE:
            return False
        version = await self._versions.get(document["workflow"], document["version"])
        return version.definition.overlap == "QUEUE" and await self._first_in_line(document) != document["_id"]

    async def _first_in_line(self, document: Doc) -> str | None:
        waiting = self._database.workflow_runs.find({"workflow": document["workflow"], "open": True}, {"created_at": 1})
        return min([(run["created_at"], run["_id"]) async for run in waiting], default=(None, None))[1]

    async def _next_in_line(self, document: Doc) -> str | None:
        version = await self._versions.get(document["workflow"], document["version"])
        return await self._first_in_line(document) if version.definition.overlap == "QUEUE" else None

    async def _decide(self, document: Doc, *, at_once: bool) -> tuple[WorkflowState, Plan, Doc, set[str]]:
        """Plan the next changes. Returns the state, the plan, the changed fields, and the runs that wait for a retry.

        Raises Heavy with `at_once` if a value is too expensive to evaluate here.
        """
        version = await self._versions.get(document["workflow"], document["version"])
        now, found, answers = (
            clock.now(),
            dict[str, ResultText | ResultsTooLarge](),
            dict[EvaluationKey, EvaluationResult](),
        )
        ended, lost, retrying = await self._runs(WorkflowState.from_document(document))
        while True:
            flow, effort = (
                WorkflowState.from_document(document),
                EvaluationSession(Budget(INLINE_BUDGET, InlineBudgetExceeded), answers),
            )
            context = StepContext(version.definition, now, found, version.prepare_job, effort, version.references)
            try:
                async with self._light_slot if at_once else self._heavy_slot:
                    move = await asyncio.to_thread(advance_workflow, flow, context, ended, lost)
            except ResultsNeeded as missing:
                found |= await load_results(
                    self._database, flow, missing.step_keys, MAX_RESULTS_LENGTH - count_characters(found)
                )
            except EvaluationNeeded as heavy:
                if at_once:
                    raise
                answers |= await self._evaluator.evaluate(heavy.request, document["owner"])
            else:
                return flow, move, build_update(document, flow, move, now), retrying

    async def _runs(self, flow: WorkflowState) -> tuple[dict[str, StepRunOutcome], set[str], set[str]]:
        """Return the outcomes of the active runs that ended; those that are missing or of an earlier round; those that
        wait for a retry.
        """
        rounds = {work.run_id(flow.id): flow.steps[work.key].round for work in flow.active_runs()}
        cursor = self._database.runs.find({"_id": {"$in": list(rounds)}}, _OUTCOME_FIELDS)
        runs = {run["_id"]: run async for run in cursor} if rounds else {}
        lost = {run_id for run_id, round_ in rounds.items() if run_id not in runs or runs[run_id]["round"] < round_}
        retrying = {run_id for run_id, run in runs.items() if run["status"] == RunStatus.RETRY}
        return (
            {run_id: _ended(run) for run_id, run in runs.items() if run["status"] in SETTLED_STATUSES},
            lost,
            retrying,
        )

    async def _write(self, document: Doc, changes: Doc) -> bool:
        update = change_when(has_value("rev", document["rev"]), {**changes, "rev": document["rev"] + 1})
        result = await self._database.workflow_runs.update_one({"_id": document["_id"]}, [update])
        return result.modified_count == 1

    async def _make(self, starts: list[StepRunRequest], document: Doc) -> None:
        if not starts:
            return
        now = clock.now()
        runs = [_run(document, start, now) for start in starts]
        admitted = {run["_id"]: run for run in self._hand.admit_new(runs, now)}
        born = [admitted.get(run["_id"], run) for run in runs]
        claimed = {index: run for index, run in enumerate(born) if run["_id"] in admitted}
        try:
            known = await self._insert(born)
            self._meter.add_run_bytes(runs)
        except BaseException:
            self._hand.cancel_admission(
                list(claimed.values())
            )  # the next lease renewal releases those that were written
            raise
        self._hand.cancel_admission([claimed.pop(index) for index in known & claimed.keys()])
        self._hand.submit(list(claimed.values()))
        await self._requeue([runs[index] for index in known])
        self._hand.wake_dispatcher()

    async def _insert(self, runs: list[Doc]) -> set[int]:
        """Insert the runs. Returns the indexes of those that already existed."""
        try:
            await self._database.runs.insert_many(runs, ordered=False)
        except BulkWriteError as error:
            faults = error.details["writeErrors"]
            if any(fault["code"] != _DUPLICATE for fault in faults):
                raise
            return {fault["index"] for fault in faults}
        return set()

    async def _requeue(self, runs: list[RunDocument]) -> None:
        """Requeue existing runs of an earlier round. Those of this round were created by another advance and stay."""
        if not runs:
            return
        await self._database.runs.bulk_write([_requeue_update(run) for run in runs], ordered=False)

    async def _cancel(self, run_ids: list[str]) -> None:
        if not run_ids:
            return
        for start in range(0, len(run_ids), SLICE_SIZE):
            some = run_ids[start : start + SLICE_SIZE]
            async with self._database.fair_slots.slot(owner_of(some[0])):
                updates = stop_updates(some, Hold.CANCELLED, clock.now(), RunReason.CANCEL_REQUESTED)
                await self._database.runs.bulk_write(updates, ordered=True)
        for run_id in run_ids:
            self._wakeups.cancel_requested(run_id)


_SNAPSHOT_FIELDS = ("job", "retry", "timeout", "task_version", "queue", "priority", "host", "lane")


def _requeue_update(run: RunDocument) -> UpdateOne:
    changes = {
        **requeued(run["round"], run),
        **{name: value for name, value in run.items() if name in _SNAPSHOT_FIELDS},
    }
    return move_run(
        run["_id"],
        RETRYABLE_STATUSES,
        RunStatus.QUEUED,
        changes,
        computed=NEW_RETRY_BUDGET,
        where={"$lt": ["$round", run["round"]]},
    )


def _ended(run: Mapping[str, Any]) -> StepRunOutcome:
    return StepRunOutcome(run["status"], run["round"], run["finished_at"], run.get("error"))


def _run(document: Doc, start: StepRunRequest, now: datetime) -> RunDocument:
    """Build the QUEUED run of a step."""
    run_id, owner = start.ref.run_id(document["_id"]), document["owner"]
    return new_run(
        run_id,
        owner=owner,
        parent=document["_id"],
        name=f"{document['name']} / {run_id.partition(':')[2]}",
        version=document["version"],
        trigger=Trigger.WORKFLOW,
        due_at=now,
        now=now,
        queued=queued_fields(now, start.priority),
        snapshot={
            "job": start.job,
            "retry": start.retry,
            "timeout": start.timeout,
            "interval_ms": document.get("interval_ms"),
            **queue_placement(owner, start.job, None, start.priority),
        },
        round_=start.round,
    )


__all__ = ["COMPLETED", "AdvanceResult", "WorkflowRunner"]
