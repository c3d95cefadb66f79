"""The channels that preferences and rules name: taken from these when they are deleted.

A rule that names only channels that are gone would tell nobody, and nobody would notice. So it applies to all channels
again, as one that has never named any. One that was given no channels on purpose keeps none.
"""

from collections.abc import Collection, Sequence

from tocsin.documents import Database
from tocsin.documents.narrowed_queries import find_narrowed
from tocsin.documents.updates import Expression, change_when, update_by_ids

_BATCH = 500


async def forget_channels(database: Database, owner: str, channels: Collection[str]) -> None:
    """Take these channels from the preferences and rules of their owner. It can be repeated."""
    gone = sorted(channels)
    names_one = {"$or": [{"channels": {"$in": gone}}, {"quiet_hours.except_channels": {"$in": gone}}]}
    named = await find_narrowed(database.notification_preferences, {"owner": owner}, names_one, fields={"_id": 1})
    ids = [row["_id"] for row in named]
    stages = [_forget_in_rule(gone), _forget_in_quiet_hours(gone)]
    for start in range(0, len(ids), _BATCH):
        update = update_by_ids(ids[start : start + _BATCH], stages)
        await database.notification_preferences.bulk_write([update])


def _forget_in_rule(gone: Sequence[str]) -> Expression:
    kept = _without(gone, "$channels")
    return change_when(_names("$channels", gone), {}, {"channels": {"$cond": [{"$eq": [kept, []]}, None, kept]}})


def _forget_in_quiet_hours(gone: Sequence[str]) -> Expression:
    field = "$quiet_hours.except_channels"
    kept = {"$mergeObjects": ["$quiet_hours", {"except_channels": _without(gone, field)}]}
    return change_when(_names(field, gone), {}, {"quiet_hours": kept})


def _names(field: str, gone: Sequence[str]) -> Expression:
    return {"$gt": [{"$size": {"$setIntersection": [{"$ifNull": [field, []]}, list(gone)]}}, 0]}


def _without(gone: Sequence[str], field: str) -> Expression:
    return {"$filter": {"input": field, "cond": {"$not": [{"$in": ["$$this", list(gone)]}]}}}
