"""Measurement of an owner's storage, because the running count is only approximate."""

import asyncio
import time
from datetime import datetime, timedelta

from tocsin import clock
from tocsin.documents import Database, Filter, aggregate
from tocsin.documents.database import FILES_BUCKET
from tocsin.documents.updates import Expression
from tocsin.quotas import ledger
from tocsin.quotas.limits import QuotaLimits
from tocsin.quotas.meter import UsageMeter
from tocsin.quotas.resource_counter import make_owner_filter

SLICE = timedelta(hours=1)
_MAX_SLICE = timedelta(days=8)
_PAUSE_FACTOR = 4
"""The pause between two steps of a measurement, as a multiple of the time that the step took."""
DOCUMENT_SIZE: Expression = {"$bsonSize": "$$ROOT"}
_SIZED_BY_ID = (
    "tasks", "workflow_versions", "deliveries", "notifications", "notification_channels", "notification_preferences",
    "alerts", "incidents", "deleted_tasks", "mail_addresses", "replays", "named_secrets", "public_links",
)  # fmt: skip
_BODIES_SIZE: Expression = {"$sum": {"$map": {"input": "$attempts", "in": {"$ifNull": ["$$this.body_bytes", 0]}}}}
RUN_DOCUMENT_SIZE: Expression = {"$add": [DOCUMENT_SIZE, _BODIES_SIZE]}
"""The size of a run, including the response bodies of its attempts."""


async def measure_storage(
    database: Database, meter: UsageMeter, limits: QuotaLimits, owner: str, now: datetime, kept: timedelta
) -> int:
    """Measure the storage of an owner in bytes and correct the count. `kept` is the retention of runs."""
    await ledger.flush_usage(database, meter, limits)
    stored = await database.owner_usages.find_one({"_id": owner})
    before = stored.get("storage", 0) if stored else 0
    total = await _sum_runs(database, owner, now, kept)
    for name in _SIZED_BY_ID:
        total += await _sum_sizes(database, name, {"_id": make_owner_filter(owner)}, DOCUMENT_SIZE)
    total += await _sum_sizes(database, "notification_preferences", {"_id": owner}, DOCUMENT_SIZE)  # of no task
    total += await _sum_sizes(database, f"{FILES_BUCKET}.files", {"_id": make_owner_filter(owner)}, "$length")
    await ledger.correct_storage(database, owner, before, total, now)
    await ledger.load_usage(database, meter, limits, [owner])
    return total


async def _sum_runs(database: Database, owner: str, now: datetime, kept: timedelta) -> int:
    """Sum up the runs of tasks and workflows, one time span after the other; all before retention in one step."""
    total, start, step = 0, clock.EPOCH, SLICE
    end = now - kept
    while start <= now:
        began = time.monotonic()
        which = {"owner": owner, "due_at": {"$gte": start, "$lt": end}}
        found = await _sum_sizes(database, "runs", which, RUN_DOCUMENT_SIZE)
        found += await _sum_sizes(database, "workflow_runs", which, DOCUMENT_SIZE)
        total += found
        step = SLICE if found else min(step * 2, _MAX_SLICE)
        start, end = end, end + step
        await asyncio.sleep((time.monotonic() - began) * _PAUSE_FACTOR)
    return total


async def _sum_sizes(database: Database, collection: str, which: Filter, size: Expression | str) -> int:
    group = {"$group": {"_id": None, "bytes": {"$sum": size}}}
    rows = await aggregate(database.db[collection], [{"$match": which}, group])
    return int(rows[0]["bytes"]) if rows else 0
