"""Alerts as they are recorded where runs end: failures open them, successes end them.

All writes are conditional and idempotent: a failure or a success that is recorded again changes nothing. They come
before the end of the run is counted in its task, so that a crash repeats them.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from tocsin.documents import AlertDocument, AlertEnding, Changes, Database, RunDocument, is_inconclusive
from tocsin.documents.inserts import existing_indexes
from tocsin.documents.updates import Expression, all_of, change_when, has_value, update_by_ids
from tocsin.notifications.incidents.alert_changes import AlertUpdate, add_failures, find_ends
from tocsin.notifications.incidents.failures import AlertFailure, Success

_CHANGED_FIELDS = dict.fromkeys(
    ("open", "ended_at", "last_failure_at", "last_due_at", "stage", "failed_runs", "failures", "incident", "rev"), 1
)
_ENDABLE = {"subject": 1, "last_failure_at": 1, "last_due_at": 1}
IS_OPEN: Expression = {"$eq": ["$open", True]}
CHANGED: dict[str, Expression] = {"rev": {"$add": ["$rev", 1]}}
"""The computed change that goes with each change that the keeper of incidents has not seen."""


async def record_failures(database: Database, failures: Sequence[AlertFailure]) -> None:
    """Record failures in the alerts of their subjects, each once."""
    by_alert: dict[str, list[AlertFailure]] = {}
    for failure in failures:
        by_alert.setdefault(failure.alert_id, []).append(failure)
    with database.open_alerts.opening({failure.subject for failure in failures}):
        while by_alert and await _add_failures(database, by_alert):
            pass  # until nobody else has changed one of them meanwhile


async def _add_failures(database: Database, by_alert: Mapping[str, Sequence[AlertFailure]]) -> bool:
    """Record failures, and return whether any may have been refused because its alert had changed."""
    found = database.alerts.find({"_id": {"$in": list(by_alert)}}, _CHANGED_FIELDS)
    known = {alert["_id"]: alert async for alert in found}
    results = [add_failures(known.get(alert_id), failures) for alert_id, failures in by_alert.items()]
    updates = [each for each in results if isinstance(each, AlertUpdate)]
    new = [each for each in results if each is not None and not isinstance(each, AlertUpdate)]
    is_complete = await _insert(database, new) and await _update(database, updates)
    if any(each.changes.get("pending") for each in updates) or new:
        database.alerts_changed()
    return not is_complete


async def _insert(database: Database, alerts: list[AlertDocument]) -> bool:
    """Insert alerts, and return whether none existed."""
    if not alerts:
        return True
    try:
        await database.alerts.insert_many(alerts, ordered=False)
    except BulkWriteError as error:
        existing_indexes(error)
        return False
    return True


async def _update(database: Database, updates: list[AlertUpdate]) -> bool:
    """Change alerts, and return whether all were as they had been read."""
    if not updates:
        return True
    writes = [UpdateOne({"_id": each.alert_id}, [change_when(_is_as_read(each), each.changes)]) for each in updates]
    return (await database.alerts.bulk_write(writes, ordered=False)).modified_count == len(writes)


def _is_as_read(update: AlertUpdate) -> Expression:
    return all_of(has_value("rev", update.rev), has_value("open", update.was_open))


async def record_successes(database: Database, successes: Collection[Success]) -> None:
    """End the open alerts of these subjects, unless they failed again since."""
    if not successes:
        return
    found = await _find_open(database, {each.subject for each in successes})
    ends = [UpdateOne({"_id": alert["_id"]}, [_end_at(success)]) for alert, success in find_ends(found, successes)]
    if ends:
        await database.alerts.bulk_write(ends, ordered=False)
        database.alerts_changed()


async def _find_open(database: Database, subjects: Collection[str]) -> list[AlertDocument]:
    """Return the open alerts of these subjects. Reads nothing if it is known that there are none."""
    known = database.open_alerts
    if known.must_load:
        every = database.alerts.find({"open": True, "subject": {"$gt": ""}}, {"subject": 1})
        known.load([alert["subject"] async for alert in every])
    marks = known.select(subjects)
    if not marks:
        return []
    found = await database.alerts.find({"open": True, "subject": {"$in": list(marks)}}, _ENDABLE).to_list()
    having = {alert["subject"] for alert in found}
    known.forget({subject: mark for subject, mark in marks.items() if subject not in having})
    return found


def _end_at(success: Success) -> Expression:
    """Return the stage that ends an alert, unless it has ended or failed again since it was read."""
    follows: Expression = {
        "$or": [
            {"$gt": [{"$literal": success.due_at}, "$last_due_at"]},
            {"$gte": [{"$literal": success.at}, "$last_failure_at"]},
        ]
    }
    return end_when(follows, AlertEnding.RECOVERED, success.at)


def end_when(condition: Expression, ending: AlertEnding, at: datetime) -> Expression:
    """Return the stage that ends an open alert if `condition` holds, for the keeper to see."""
    changes: Changes = {"open": False, "ended_at": at, "ending": ending.value, "pending": True}
    return change_when(all_of(IS_OPEN, condition), changes, CHANGED)


async def withdraw_alerts(database: Database, runs: Collection[RunDocument]) -> None:
    """End the alerts that only such runs have caused, because their failures say nothing about what they called.

    An incident whose alerts have all ended so before it was told is never told. The keeper lets those go on whose
    incident was told: they end when a run succeeds.
    """
    alerts = {f"{run['task']}:{run['incident']}" for run in runs if run["incident"] is not None}
    if not alerts:
        return
    ids = sorted({run["_id"] for run in runs} | await _find_inconclusive(database, alerts))
    only_by_these = all_of(
        {"$in": ["$failure.run", {"$literal": ids}]}, {"$setIsSubset": ["$failed_runs", {"$literal": ids}]}
    )
    changes: Changes = {"open": False, "ending": AlertEnding.INCONCLUSIVE.value, "pending": True}
    at_last_failure: dict[str, Expression] = {**CHANGED, "ended_at": {"$max": ["$last_failure_at"]}}
    ended = change_when(all_of(IS_OPEN, only_by_these), changes, at_last_failure)
    await database.alerts.bulk_write([update_by_ids(sorted(alerts), [ended])])
    database.alerts_changed()


async def _find_inconclusive(database: Database, alerts: Collection[str]) -> set[str]:
    """Return those of the runs of these alerts that turned out to be inconclusive, now or before."""
    found = database.alerts.find({"_id": {"$in": sorted(alerts)}}, {"failure.run": 1, "failed_runs": 1})
    ids = {run async for alert in found for run in (alert["failure"]["run"], *alert["failed_runs"])}
    runs = database.runs.find({"_id": {"$in": sorted(ids)}}, {"reason": 1})
    return {run["_id"] async for run in runs if is_inconclusive(run)}


async def review_alerts(database: Database, subject: str) -> None:
    """Have the keeper look at the alerts of a task or workflow again, because its owner changed it."""
    found = database.alerts.find({"open": True, "subject": {"$in": [subject]}}, {"_id": 1})
    if ids := [alert["_id"] async for alert in found]:
        marked = change_when(IS_OPEN, {"pending": True}, CHANGED)
        await database.alerts.bulk_write([update_by_ids(ids, [marked])])
        database.alerts_changed()
