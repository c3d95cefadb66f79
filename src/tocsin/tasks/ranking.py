"""The order of queued runs: their rank, and their lane of runs with the same queue, owner and target host.

Runs within a lane are ordered by rank. The dispatcher chooses between lanes when there is room.
"""

from datetime import datetime
from typing import Any

from tocsin import clock
from tocsin.clock import epoch_milliseconds
from tocsin.documents import JobDocument, QueuedFields, QueuePlacement, RunChanges, RunDocument
from tocsin.documents.updates import Expression, is_null
from tocsin.named_secrets.references import find_marker
from tocsin.outbound.urls import parse_target_key

DEFAULT_QUEUE = "default"
MIN_PRIORITY, MAX_PRIORITY = -10, 10
"""The range of priorities. Runs of a higher priority go first."""
PRIORITY_STEP_MS = 60_000
"""The head start of one level of priority in milliseconds. It is finite, so that low priorities never starve."""
_SEPARATOR = "\x1f"


def compute_rank(queued_at: datetime, priority: int) -> int:
    """Compute the rank of a run. The run with the lowest rank goes first."""
    return epoch_milliseconds(queued_at) - priority * PRIORITY_STEP_MS


def former_place(run: RunDocument) -> RunChanges:
    """Return the changes that put a claimed run back to its former rank, in the same round. Dispatchers see it as new.

    A run that is repeated goes to the end, in a new round: `documents.new_round`.
    """
    queued_at: Any = run["queued_at"]  # never null in a run that was queued
    return {"rank": compute_rank(queued_at, run.get("priority") or 0), "ready_at": clock.now()}


def queued_fields(now: datetime, priority: int) -> QueuedFields:
    """Return the place of a run that is queued now: behind those of its priority that were queued before."""
    return {"queued_at": now, "rank": compute_rank(now, priority), "ready_at": now}


def rank_expression(*, always: bool = False) -> Expression:
    """Return an expression for the rank from the run's own fields; null if its rank is null, unless `always`."""
    priority = {"$multiply": [{"$ifNull": ["$priority", 0]}, PRIORITY_STEP_MS]}
    rank = {"$subtract": [{"$toLong": "$queued_at"}, priority]}
    return rank if always else {"$cond": [is_null("rank"), None, rank]}


def ready_at_expression() -> Expression:
    """Return an expression for `ready_at` that makes dispatchers reread a queued run; null if its rank is null."""
    return {"$cond": [is_null("rank"), None, "$$NOW"]}


def queue_placement(owner: str, job: JobDocument, queue: str | None, priority: int | None) -> QueuePlacement:
    """Return the queue, priority, host and lane of a run of this job."""
    queue, host = queue or DEFAULT_QUEUE, find_job_target(job)
    lane = _SEPARATOR.join((queue, owner, host or ""))
    return {"queue": queue, "priority": priority or 0, "host": host, "lane": lane}


def lane_range(queue: str, owner: str | None = None) -> dict[str, str]:
    """Return the condition on `lane` that matches the runs of a queue, or those of one owner in it."""
    start = queue + _SEPARATOR if owner is None else queue + _SEPARATOR + owner + _SEPARATOR
    return {"$gte": start, "$lt": start[:-1] + chr(ord(_SEPARATOR) + 1)}


def find_job_target(job: JobDocument) -> str | None:
    """Return the normalized `host:port` that a job calls; None if it calls nothing or its URL is invalid.

    A host with a named secret is not known yet.
    """
    params = job.get("params", {})
    url = params.get("url") if job.get("kind") == "http" else None
    target, marker = parse_target_key(url) if isinstance(url, str) else None, find_marker(params)
    return None if target is None or (marker is not None and marker in target) else target
