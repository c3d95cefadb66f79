"""Where a queued run stands: its rank, and the lane that it shares with runs of the same queue, owner and target host.

Runs of one lane go by rank. Whose lane is next is decided when there is room (`dispatch/dispatcher.py`).
"""

from datetime import datetime
from typing import Any

from tocsin import clock
from tocsin.clock import epoch_milliseconds
from tocsin.documents import JobDocument, QueuedFields, QueuePlacement, RunDocument
from tocsin.documents.updates import Expression, is_null
from tocsin.outbound.urls import parse_target_key

DEFAULT_QUEUE = "default"
MIN_PRIORITY, MAX_PRIORITY = -10, 10
"""Priorities."""
PRIORITY_STEP_MS = 60_000
"""Milliseconds that one level of priority lets a run go before others: so a lower one never waits for ever."""
_BETWEEN = "\x1f"


def compute_rank(queued_at: datetime, priority: int) -> int:
    """The run with the lowest rank goes first."""
    return epoch_milliseconds(queued_at) - priority * PRIORITY_STEP_MS


def requeued_fields(run: RunDocument) -> dict[str, Any]:
    """The place of a run that goes back to where it stood; dispatchers see it as new."""
    queued_at: Any = run["queued_at"]  # never null in a run that was queued
    return {"rank": compute_rank(queued_at, run.get("priority") or 0), "ready_at": clock.now()}


def queued_fields(now: datetime, priority: int) -> QueuedFields:
    """The place of a run that is queued now."""
    return {"queued_at": now, "rank": compute_rank(now, priority), "ready_at": now}


def rank_expression(*, always: bool = False) -> Expression:
    """The same in the database, from the document's own fields; null where the run has none now, unless `always`."""
    priority = {"$multiply": [{"$ifNull": ["$priority", 0]}, PRIORITY_STEP_MS]}
    rank = {"$subtract": [{"$toLong": "$queued_at"}, priority]}
    return rank if always else {"$cond": [is_null("rank"), None, rank]}


def ready_at_expression() -> Expression:
    """Makes dispatchers see a queued run as it has become; null where it does not wait for them."""
    return {"$cond": [is_null("rank"), None, "$$NOW"]}


def queue_placement(owner: str, job: JobDocument, queue: str | None, priority: int | None) -> QueuePlacement:
    """What a run has of its task (or step) for its place: queue, priority, host and lane."""
    queue, host = queue or DEFAULT_QUEUE, find_job_target(job)
    lane = _BETWEEN.join((queue, owner, host or ""))
    return {"queue": queue, "priority": priority or 0, "host": host, "lane": lane}


def lane_range(queue: str, owner: str | None = None) -> dict[str, str]:
    """The condition on `lane` that finds a queue's runs, or those of one owner in it."""
    start = queue + _BETWEEN if owner is None else queue + _BETWEEN + owner + _BETWEEN
    return {"$gte": start, "$lt": start[:-1] + chr(ord(_BETWEEN) + 1)}


def find_job_target(job: JobDocument) -> str | None:
    """`host:port` of what a job calls, in one spelling; None for jobs that call nothing, and for addresses that are
    none.
    """
    url = job.get("params", {}).get("url") if job.get("kind") == "http" else None
    return parse_target_key(url) if isinstance(url, str) else None
