"""The runner of workflow runs: reads one, plans, writes the changes conditionally, and creates the runs."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import cast

from tocsin import clock
from tocsin.dispatch.transport import Transport
from tocsin.documents import (
    Changes,
    Database,
    Trigger,
    WorkflowRunDocument,
    WorkflowRunStatus,
)
from tocsin.jobs.http.callbacks import make_callback_marker
from tocsin.named_secrets.references import make_secret_marker
from tocsin.quotas.meter import UsageMeter
from tocsin.wakeups import Wakeups
from tocsin.workflows.activity_log import log_workflow_run_status
from tocsin.workflows.approval_mails import ApprovalMails, find_new_requests
from tocsin.workflows.change_records import record_workflow_run_change
from tocsin.workflows.engine.abandonment import build_abandonment
from tocsin.workflows.engine.active_runs import ActiveRuns, read_active_runs
from tocsin.workflows.engine.end_notices import EndNotices
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
from tocsin.workflows.engine.known_runs import KnownRuns
from tocsin.workflows.engine.plan import Plan, advance_workflow
from tocsin.workflows.engine.scope import (
    EvaluationNeeded,
    ResultsNeeded,
    ResultsTooLarge,
    StepContext,
)
from tocsin.workflows.engine.states import StepRunOutcome, WorkflowState
from tocsin.workflows.engine.step_results import load_results
from tocsin.workflows.engine.step_runs import StepRuns
from tocsin.workflows.engine.updates import build_advance_update
from tocsin.workflows.language.jmespath_budget import Budget
from tocsin.workflows.pending_approvals import PendingApprovals, remove_decided
from tocsin.workflows.versions import LoadedVersion, VersionCache

_MAX_LIGHT_SIZE = 256 * 1024
"""Maximum size of a workflow run in the light queue: the characters of its inputs and items."""
_MAX_SMALL_SIZE = 32 * 1024
"""Maximum characters of the definition and the inputs of a small workflow run."""
_QUICK_BUDGET = 1_000
"""Budget, in parts, for planning on the event loop: a few runs and simple expressions."""
_QUICK_JOBS = frozenset({"http"})
"""Jobs whose parameters are checked quickly. Those of plug-ins may even wait for something."""


@dataclass(frozen=True, slots=True)
class AdvanceResult:
    """The result of an advance.

    `has_more` asks for another advance at once, and `wake_at` for one at that time. `next_run_id` is the workflow run
    that waited for this one to end. `is_heavy` says that nothing was done, because a value or the document is too large
    for the light queue. `size` is the approximate size of the document in bytes.
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
        approval_mails: ApprovalMails,
        transport: Transport,
        wakeups: Wakeups,
        evaluator: Evaluator | None = None,
        meter: UsageMeter | None = None,
    ) -> None:
        self._database = database
        self._versions = versions
        self._approval_mails = approval_mails
        self._approvals = PendingApprovals(database)
        self._incidents = IncidentTracker(database)
        self._ends = EndNotices(database)
        self._evaluator = evaluator or Evaluator()
        self._meter = meter or UsageMeter()
        self._known = KnownRuns()
        self._step_runs = StepRuns(database, transport, wakeups, self._meter)
        # More threads would only compete for the interpreter with each other and the event loop.
        self._light_slot, self._heavy_slot = asyncio.Semaphore(1), asyncio.Semaphore(1)

    def knows(self, workflow_run: str) -> bool:
        """Return whether this process has advanced the workflow run last, as far as it knows."""
        return workflow_run in self._known

    async def advance(
        self, workflow_run: str, *, is_light: bool = False, outcomes: dict[str, StepRunOutcome] | None = None
    ) -> AdvanceResult:
        """Advance a workflow run from its present state; with `is_light`, only if that is cheap.

        With `outcomes`, which are those of its runs that have ended since the last advance, nothing is read if this
        process has made that advance: if anyone else has changed the workflow run since, the write is refused.
        """
        known = self._known.take(workflow_run)  # after an error it is read again
        if known is not None and outcomes is not None:
            result = await self._advance(known, ActiveRuns(outcomes), is_light=is_light, is_known=True)
            if result is not None:
                return result
        document: WorkflowRunDocument | None = await self._database.workflow_runs.find_one({"_id": workflow_run})
        if document is None or not document["open"]:
            return AdvanceResult()
        return await self._advance(document, None, is_light=is_light) or AdvanceResult()

    async def _advance(
        self, document: WorkflowRunDocument, active: ActiveRuns | None, *, is_light: bool, is_known: bool = False
    ) -> AdvanceResult | None:
        """Advance a workflow run. None if it has to be read for that."""
        version = await self._versions.get(document["workflow"], document["version"])
        has_not_started = document["status"] == WorkflowRunStatus.PENDING and document["trigger"] == Trigger.SCHEDULE
        is_waiting = has_not_started and document["cancel_requested_at"] is None
        if is_waiting and await self._find_next_queued(document, version) not in {None, document["_id"]}:
            return AdvanceResult()
        size = _estimate_size(document)
        if is_light and size > _MAX_LIGHT_SIZE:
            return AdvanceResult(is_heavy=True)
        active = active or await read_active_runs(self._database, document)
        try:
            state, plan, changes = await self._make_plan(document, version, active, is_light=is_light)
        except EvaluationNeeded:
            return AdvanceResult(is_heavy=True)
        if is_known and (not changes or plan.outcome is not None or find_new_requests(document, state)):
            return None  # mails are sent before the write
        if plan.runs_to_start and self._is_quota_exceeded(document["owner"]):
            return AdvanceResult()  # later: a sweep advances all open workflow runs every few seconds
        await self._approval_mails.enqueue_notifications(document, state)
        asking = await self._approvals.add(document, changes.get("steps", document["steps"]))
        await self._incidents.track_changes(document, changes, active.retrying)
        end = await self._ends.record(document, changes)
        if changes and not await self._write(document, changes):
            return AdvanceResult(has_more=True)  # changed concurrently: plan again
        self._approvals.remember(asking)
        await self._step_runs.create(plan.runs_to_start, document)
        await self._step_runs.cancel(plan.runs_to_cancel)
        if end is not None:
            await self._ends.tell([end])
        if is_light and plan.outcome is None:
            rev = document["rev"] + bool(changes)
            self._known.put(cast("WorkflowRunDocument", {**document, **changes, "rev": rev}), size)
        return await self._conclude(document, version, plan, changes, size)

    def _is_quota_exceeded(self, owner: str) -> bool:
        """Return whether the owner may start no runs now.

        Runs are counted once they are written, so that a conflict, after which they are planned again, counts none. So
        advances that are under way together may exceed the quota by the runs of all but one of them.
        """
        quota = self._meter.find_exceeded_run_quota(owner, clock.now())
        if quota is not None:
            self._meter.record_refusal(owner, quota)
        return quota is not None

    async def _make_plan(
        self, document: WorkflowRunDocument, version: LoadedVersion, active: ActiveRuns, *, is_light: bool
    ) -> tuple[WorkflowState, Plan, Changes]:
        """Plan. Returns the new state, the plan, and the fields of the workflow run that change.

        Results and expensive values are loaded and evaluated as planning needs them. Raises EvaluationNeeded with
        `is_light` if a value is too expensive to evaluate here. Planning takes place in a thread unless it is a matter
        of about a millisecond.
        """
        now, is_quick = clock.now(), is_light and _is_small(document, version)
        texts: dict[str, ResultText | ResultsTooLarge] = {}
        evaluated: dict[EvaluationKey, EvaluationResult] = {}
        # What was evaluated is kept while planning is repeated, so the markers in it stay the same.
        marker, secret_marker = make_callback_marker(), make_secret_marker()
        prepare = partial(version.prepare_job, callback_marker=marker, secret_marker=secret_marker)
        while True:
            state = WorkflowState.from_document(document)
            budget = Budget(_QUICK_BUDGET if is_quick else INLINE_BUDGET, InlineBudgetExceeded)
            session = EvaluationSession(budget, evaluated)
            references = version.references
            context = StepContext(version.definition, now, texts, prepare, session, references, marker, secret_marker)
            try:
                if is_quick:
                    plan = advance_workflow(state, context, active.ended, active.lost)
                else:
                    async with self._light_slot if is_light else self._heavy_slot:
                        plan = await asyncio.to_thread(advance_workflow, state, context, active.ended, active.lost)
            except ResultsNeeded as needed:
                texts |= await load_results(self._database, state, needed.step_keys, texts)
            except EvaluationNeeded as needed:
                if is_light and not is_quick:
                    raise
                if not is_light:
                    evaluated |= await self._evaluator.evaluate(needed.request, document["owner"])
                is_quick = False
            else:
                if not is_quick or not plan.has_more:
                    return state, plan, plan.to_update(state, now)
                is_quick = False  # with a larger budget, in a thread

    async def _write(self, document: WorkflowRunDocument, changes: Changes) -> bool:
        """Write the changes, unless the workflow run was changed concurrently. Returns whether it was written."""
        update = build_advance_update(document, changes)
        result = await self._database.workflow_runs.update_one({"_id": document["_id"]}, [update])
        if result.modified_count:
            record_workflow_run_change(self._database, document, changes)
            await remove_decided(self._database, document, changes)
        return result.modified_count == 1

    async def _conclude(
        self, document: WorkflowRunDocument, version: LoadedVersion, plan: Plan, changes: Changes, size: int
    ) -> AdvanceResult:
        """Return the result of an advance that was carried out. Log and measure a workflow run that ended."""
        if plan.outcome is not None:
            self._meter.add_bytes(document["owner"], size)
            log_workflow_run_status(document["_id"], plan.outcome.status, plan.outcome.reason)
            return AdvanceResult(next_run_id=await self._find_next_queued(document, version), size=size)
        has_more = bool(plan.runs_to_cancel) or plan.has_more
        return AdvanceResult(has_more, size=size, wake_at=changes.get("wake_at", document["wake_at"]))

    async def _find_next_queued(self, document: WorkflowRunDocument, version: LoadedVersion) -> str | None:
        """Return the run of the workflow that is first in its queue. None unless its runs wait for each other."""
        if version.definition.overlap != "QUEUE":
            return None
        queued = self._database.workflow_runs.find({"workflow": document["workflow"], "open": True}, {"created_at": 1})
        return min([(run["created_at"], run["_id"]) async for run in queued], default=(None, None))[1]

    async def abandon(self, workflow_run: str) -> bool:
        """End a workflow run that cannot be advanced as FAILED, and cancel its runs.

        Returns False if it was changed concurrently, and is still open.
        """
        open_runs = self._database.runs.find({"task": workflow_run, "open": True}, {"_id": 1})
        await self._step_runs.cancel([run["_id"] async for run in open_runs])
        document: WorkflowRunDocument | None = await self._database.workflow_runs.find_one({"_id": workflow_run})
        if document is None or not document["open"]:
            return True
        changes = build_abandonment(document, clock.now())
        await self._incidents.track_changes(document, changes)
        end = await self._ends.record(document, changes)
        if not await self._write(document, changes):
            return False
        if end is not None:
            await self._ends.tell([end])
        self._meter.add_bytes(document["owner"], _estimate_size(document))
        log_workflow_run_status(workflow_run, WorkflowRunStatus.FAILED)
        return True


def _is_small(document: WorkflowRunDocument, version: LoadedVersion) -> bool:
    """Return whether planning is quick: steps without items, and jobs whose parameters are checked quickly."""
    definition, size = version.definition, len(document["inputs"]) + version.size
    has_items = any(step.for_each is not None for step in definition.steps)
    return size <= _MAX_SMALL_SIZE and definition.job_kinds <= _QUICK_JOBS and not has_items


def _estimate_size(document: WorkflowRunDocument) -> int:
    """Return the approximate size of a workflow run in bytes."""
    return len(document["inputs"]) + sum(sum(map(len, step.get("values", ()))) for step in document["steps"].values())
