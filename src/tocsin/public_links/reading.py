"""The status of a task or workflow, read with a fixed number of queries however many runs there are."""

from datetime import datetime, timedelta
from typing import cast

from tocsin import clock
from tocsin.clock import epoch_milliseconds
from tocsin.documents import (
    Database,
    Hold,
    OutcomeDocument,
    PublicLinkKind,
    RunDocument,
    RunStatus,
    TaskDocument,
    WorkflowDocument,
    WorkflowRunDocument,
)
from tocsin.documents.keyset import KeysetQuery
from tocsin.documents.paging import MAX_FILTERED
from tocsin.documents.walks import Walk
from tocsin.public_links.resolving import FoundLink, resolve_serial
from tocsin.public_links.status import (
    MAX_OUTCOMES,
    RATE_PERIODS,
    Outcome,
    PublicStatus,
    SuccessRate,
    count_rates,
    decide_state,
)
from tocsin.statistics.service import Statistics
from tocsin.statistics.store import Cell
from tocsin.statistics.tally import END_PROJECTION, HOUR_MS, find_end, moment_of, task_scope

MAX_WORKFLOW_RUNS = 1_000
"""Runs of a workflow that are read: the latest. Runs of workflows are not among the statistics, those of steps are."""
_HOUR = timedelta(hours=1)
_WORKFLOW_RUN_FIELDS = {"status": 1, "open": 1, "due_at": 1, "created_at": 1, "finished_at": 1}


async def read_public_status(database: Database, statistics: Statistics, serial: str) -> PublicStatus | None:
    """Return the status behind the link with this serial; None if there is no such link in force."""
    found = await resolve_serial(database, PublicLinkKind.STATUS, serial)
    return None if found is None else await read_status(database, statistics, found, clock.now())


async def read_status(database: Database, statistics: Statistics, found: FoundLink, now: datetime) -> PublicStatus:
    """Return the status of the subject of a link."""
    failing_since = await _find_first_failure(database, found.link["subject"])
    if found.task is not None:
        outcomes, rates = await _read_task(database, statistics, found.task, now)
        hold, next_run_at = found.task["hold"], found.task["next_run_at"]
    else:
        workflow = cast("WorkflowDocument", found.workflow)
        outcomes, rates = await _read_workflow(database, workflow, now)
        hold = None if workflow.get("paused_at") is None else Hold.PAUSED
        next_run_at = workflow["next_run_at"]
    state = decide_state(
        is_paused=hold == Hold.PAUSED,
        is_cancelled=hold == Hold.CANCELLED,
        next_run_at=next_run_at,
        outcomes=outcomes,
        failing_since=failing_since,
        now=now,
    )
    return PublicStatus(found.title, state, outcomes, rates, failing_since, now)


async def _find_first_failure(database: Database, subject: str) -> datetime | None:
    """Return the time since which it has failed; None unless an alert is open."""
    which = {"open": True, "subject": {"$in": [subject]}}
    alerts = await database.alerts.find(which, {"opened_at": 1}).to_list()
    return min((alert["opened_at"] for alert in alerts), default=None)


async def _read_task(
    database: Database, statistics: Statistics, task: TaskDocument, now: datetime
) -> tuple[list[Outcome], list[SuccessRate]]:
    if task["schedule"]["kind"] == "once":  # its runs are not added up
        outcomes = await _read_last_run(database, task)
        return outcomes, count_rates(outcomes, now, is_all=True)
    found = await statistics.read_outcomes([task["_id"]])
    return list(map(_to_outcome, found[task["_id"]])), await _read_rates(statistics, task, now)


async def _read_last_run(database: Database, task: TaskDocument) -> list[Outcome]:
    run: RunDocument | None = None
    if task["last_run"] is not None:
        run = await database.runs.find_one({"_id": task["last_run"]}, END_PROJECTION)
    end = None if run is None else find_end(run)
    return [] if end is None else [_to_outcome(end.to_outcome())]


async def _read_rates(statistics: Statistics, task: TaskDocument, now: datetime) -> list[SuccessRate]:
    """Return the success rates of whole hours, of which the present one is the last."""
    end, scope = epoch_milliseconds(now) // HOUR_MS + 1, task_scope(task["_id"])
    hours = [range(end - length // _HOUR, end) for length in RATE_PERIODS.values()]
    tallies = await statistics.read([[Cell(task["owner"], scope, False, hour) for hour in some] for some in hours])
    rates = []
    for (name, length), tally in zip(RATE_PERIODS.items(), tallies, strict=True):
        completed, failed = (max(tally.statuses[status], 0) for status in (RunStatus.COMPLETED, RunStatus.FAILED))
        rates.append(SuccessRate(name, length, completed, failed))
    return rates


async def _read_workflow(
    database: Database, workflow: WorkflowDocument, now: datetime
) -> tuple[list[Outcome], list[SuccessRate]]:
    rows, _ = await Walk(_query_runs(database, workflow, now), down=True).take(MAX_WORKFLOW_RUNS, MAX_FILTERED)
    outcomes = [_to_workflow_outcome(row) for row in reversed(rows) if not row["open"]]
    return outcomes[-MAX_OUTCOMES:], count_rates(outcomes, now, is_all=len(rows) < MAX_WORKFLOW_RUNS)


def _query_runs(database: Database, workflow: WorkflowDocument, now: datetime) -> KeysetQuery[WorkflowRunDocument]:
    return KeysetQuery(
        collection=database.workflow_runs,
        order_name="public_workflow_run",
        key="created_at",
        descending=True,
        indexed_filter={"workflow": workflow["_id"]},
        projection=_WORKFLOW_RUN_FIELDS,
        key_range_hint=(workflow["created_at"], now),
    )


def _to_outcome(stored: OutcomeDocument) -> Outcome:
    return Outcome(stored["s"], moment_of(stored["d"]), moment_of(stored["e"]))


def _to_workflow_outcome(run: WorkflowRunDocument) -> Outcome:
    return Outcome(str(run["status"]), run["due_at"], run["finished_at"] or run["due_at"])
