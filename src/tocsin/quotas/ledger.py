"""Stored usage: one document per owner, to which each process adds its counts."""

from collections.abc import Sequence
from datetime import datetime

from pymongo import UpdateOne

from tocsin.documents import Database, OwnerUsageDocument
from tocsin.documents.updates import Expression
from tocsin.quotas.limits import QuotaLimits
from tocsin.quotas.meter import PendingUsage, UsageMeter

_BATCH_SIZE = 500


async def flush_usage(database: Database, meter: UsageMeter, limits: QuotaLimits, *, all_owners: bool = False) -> None:
    """Write the counts of the meter, then load the counts of other processes and the limits set by administrators.

    Loads those of the owners with something to write, or of all active owners if `all_owners` is set.

    Raises PyMongoError. No counts are lost then, but some may be counted twice.
    """
    taken = meter.drain_pending()
    try:
        for start in range(0, len(taken), _BATCH_SIZE):
            batch = taken[start : start + _BATCH_SIZE]
            await database.owner_usages.bulk_write([_build_update(one) for one in batch], ordered=False)
    except BaseException:
        meter.restore_pending(taken)
        raise
    await load_usage(database, meter, limits, meter.list_owners() if all_owners else [one.owner for one in taken])


async def load_usage(database: Database, meter: UsageMeter, limits: QuotaLimits, owners: Sequence[str]) -> None:
    """Load the stored usage and limits of these owners."""
    for start in range(0, len(owners), _BATCH_SIZE):
        which = {"_id": {"$in": list(owners[start : start + _BATCH_SIZE])}}
        users = await database.users.find(which, {"quotas": 1}).to_list()
        for user in users:
            limits.set_override(user["_id"], user.get("quotas") or {})
        found = {usage["_id"]: usage for usage in await database.owner_usages.find(which).to_list()}
        new: list[OwnerUsageDocument] = [{"_id": user["_id"]} for user in users if user["_id"] not in found]
        meter.load_stored([*found.values(), *new])


async def load_limits(database: Database, limits: QuotaLimits) -> None:
    """Load all limits that administrators have set, of which there are few. Called at start."""
    async for user in database.users.find({}, {"quotas": 1}):
        limits.set_override(user["_id"], user.get("quotas") or {})


async def correct_storage(database: Database, owner: str, before: int, measured: int, at: datetime) -> None:
    """Correct the storage of an owner by what was measured at this time, keeping what others add meanwhile."""
    update = {"$inc": {"storage": measured - before}, "$set": {"measured_at": at}}
    await database.owner_usages.update_one({"_id": owner}, update, upsert=True)


def _build_update(pending: PendingUsage) -> UpdateOne:
    """Return the update that adds to the stored counts: those of a window that has passed begin again."""
    added: Expression = {"storage": {"$add": [{"$ifNull": ["$storage", 0]}, pending.storage]}}
    corrected: Expression = {"storage": {"$max": ["$storage", 0]}}
    for quota, (at, count) in pending.counts.items():
        name = f"counts.{quota.value}"
        more = {"$add": [f"${name}.used", count]}
        added[f"{name}.used"] = {"$cond": [{"$eq": [f"${name}.at", at]}, more, count]}
        corrected[f"{name}.at"] = at
    return UpdateOne({"_id": pending.owner}, [{"$set": added}, {"$set": corrected}], upsert=True)
