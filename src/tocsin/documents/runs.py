"""New runs, new rounds of settled runs, and the due times that a run covers.

All code that creates or repeats a run builds it here.
"""

from datetime import datetime, timedelta

from tocsin.documents.run_documents import JobSnapshot, QueuedFields, RunChanges, RunDocument
from tocsin.documents.states import RunReason, RunStatus, Trigger
from tocsin.documents.updates import Expression
from tocsin.documents.workflow_documents import WorkflowRunDocument

NEW_RETRY_BUDGET: dict[str, Expression] = {"budget_from": {"$size": "$attempts"}}
"""The computed change that goes with `new_round`: only attempts from here on use up the retries."""
SETTLED_SOON = timedelta(seconds=10)
"""Time after the creation of a run within which its end is found by that. A later one is in `settled_late_at`."""
VISIBLE_WITHIN = timedelta(seconds=15)
"""Time from the stamp of a write until everybody sees it. Readers of later changes begin so much earlier."""


def new_run(
    run_id: str,
    *,
    owner: str,
    parent: str,
    name: str,
    version: int,
    trigger: Trigger,
    due_at: datetime,
    now: datetime,
    queued: QueuedFields,
    snapshot: JobSnapshot,
    incident: int | None = None,
    round_: int = 0,
) -> RunDocument:
    """Return a QUEUED run of a task or a workflow run (`parent`), to be inserted."""
    return {
        "_id": run_id,
        "owner": owner,
        "task": parent,
        "task_name": name,
        "task_version": version,
        "trigger": trigger,
        "status": RunStatus.QUEUED,
        "open": True,
        "reason": None,
        "due_at": due_at,
        "created_at": now,
        "queued_at": queued["queued_at"],
        "rank": queued["rank"],
        "ready_at": queued["ready_at"],
        "fence": 0,
        "incident": incident,
        "round": round_,
        "budget_from": 0,
        "lost": 0,
        "attempts": [],
        "job": snapshot["job"],
        "retry": snapshot["retry"],
        "timeout": snapshot["timeout"],
        "interval_ms": snapshot["interval_ms"],
        "queue": snapshot["queue"],
        "priority": snapshot["priority"],
        "host": snapshot["host"],
        "lane": snapshot["lane"],
    }


def new_round(round_: int, queued: QueuedFields) -> RunChanges:
    """Return the changes that begin another round of a settled run: its attempts stay, all else starts over.

    `queued` is its place in the queue. A claimed run that was not attempted, or whose worker died, returns to its old
    place instead, in the same round: `tasks.ranking.former_place`.
    """
    return {
        "round": round_,
        "lost": 0,
        "reason": None,
        "error": None,
        "result": None,
        "queued_at": queued["queued_at"],
        "rank": queued["rank"],
        "ready_at": queued["ready_at"],
        "finished_at": None,
        "retry_at": None,
        "callback_by": None,
        "callback": None,
        "cancel_requested_at": None,
        "final": None,
        "discarded_at": None,
        "settled_late_at": None,
    }


def snapshot_changes(snapshot: JobSnapshot) -> RunChanges:
    """Return the changes that give a run this snapshot, which can be that of another run."""
    return {
        "job": snapshot["job"],
        "retry": snapshot["retry"],
        "timeout": snapshot["timeout"],
        "interval_ms": snapshot["interval_ms"],
        "queue": snapshot["queue"],
        "priority": snapshot["priority"],
        "host": snapshot["host"],
        "lane": snapshot["lane"],
    }


def last_due_of(run: RunDocument | WorkflowRunDocument) -> datetime:
    """Return the last due time that a run of a task or workflow covers: its own, unless it records a gap."""
    return run.get("missed_until") or run["due_at"]


def is_inconclusive(run: RunDocument) -> bool:
    """Return whether the run failed while the network of this installation was down, which says nothing about it."""
    return run.get("reason") == RunReason.INCONCLUSIVE


def is_repeated(run: RunDocument) -> bool:
    """Return whether a person or a replay repeated the run, other than Tocsin itself after an outage."""
    return run["round"] > (run.get("inconclusive_rounds") or 0)
