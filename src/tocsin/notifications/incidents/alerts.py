"""Alerts as they are recorded where runs end: failures open them, successes end them.

All writes are conditional and idempotent: a failure or a success that is recorded again changes nothing. They come
before the end of the run is counted in its task, so that a crash repeats them.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from tocsin.documents import AlertDocument, AlertEnding, Database
from tocsin.documents.incident_states import FAILED
from tocsin.documents.inserts import existing_indexes
from tocsin.documents.updates import Expression, Pipeline, all_of, change_when, update_by_ids
from tocsin.notifications.incidents.failures import AlertFailure, Success

MAX_FAILED_RUNS = 100
"""Failed runs whose IDs an alert keeps, so that each is counted once. It must exceed the largest `alertAfter`."""
_IS_NEW: Expression = {"$eq": [{"$type": "$rev"}, "missing"]}
IS_OPEN: Expression = {"$eq": ["$open", True]}
_ENDABLE = {"subject": 1, "last_failure_at": 1, "last_due_at": 1}
CHANGED: dict[str, Expression] = {"rev": {"$add": ["$rev", 1]}}
"""The computed change that goes with each change that the keeper of incidents has not seen."""


async def record_failures(database: Database, failures: Sequence[AlertFailure]) -> None:
    """Record failures in the alerts of their subjects, each once."""
    if not failures:
        return
    updates = [UpdateOne({"_id": each.alert_id}, _add_failure(each), upsert=True) for each in failures]
    try:
        await database.alerts.bulk_write(updates)
    except BulkWriteError as error:  # another process inserted one of them at the same time
        existing_indexes(error)
        await database.alerts.bulk_write(updates)
    database.alerts_changed()


async def record_successes(database: Database, successes: Collection[Success]) -> None:
    """End the open alerts of these subjects, unless they failed again since."""
    if not successes:
        return
    query = {"open": True, "subject": {"$in": list({each.subject for each in successes})}}
    found = await database.alerts.find(query, _ENDABLE).to_list()
    if not found:
        return
    ends = [UpdateOne({"_id": alert["_id"]}, [_end_at(success)]) for alert, success in _find_ends(found, successes)]
    if ends:
        await database.alerts.bulk_write(ends)
        database.alerts_changed()


async def review_alerts(database: Database, subject: str) -> None:
    """Have the keeper look at the alerts of a task or workflow again, because its owner changed it."""
    found = database.alerts.find({"open": True, "subject": subject}, {"_id": 1})
    if ids := [alert["_id"] async for alert in found]:
        marked = change_when(IS_OPEN, {"pending": True}, CHANGED)
        await database.alerts.bulk_write([update_by_ids(ids, [marked])])
        database.alerts_changed()


def _find_ends(alerts: Iterable[AlertDocument], successes: Iterable[Success]) -> list[tuple[AlertDocument, Success]]:
    """Return the alerts that end, each with the latest success of its subject that came after its failures."""
    latest: dict[str, list[Success]] = {}
    for success in sorted(successes, key=lambda each: each.at):
        latest.setdefault(success.subject, []).append(success)
    ends = []
    for alert in alerts:
        after = [each for each in latest[alert["subject"]] if _follows(each, alert)]
        if after:
            ends.append((alert, after[-1]))
    return ends


def _follows(success: Success, alert: AlertDocument) -> bool:
    """Tell whether a success came after the failures, by its due time, which no worker's clock has set, or its end."""
    return success.due_at > alert["last_due_at"] or success.at >= alert["last_failure_at"]


def _end_at(success: Success) -> Expression:
    """Return the stage that ends an alert, unless it has ended or failed again since it was read."""
    follows: Expression = {
        "$or": [
            {"$gt": [{"$literal": success.due_at}, "$last_due_at"]},
            {"$gte": [{"$literal": success.at}, "$last_failure_at"]},
        ]
    }
    return end_when(follows, AlertEnding.RECOVERED, success.at)


def end_when(condition: Expression, ending: AlertEnding, at: Any) -> Expression:
    """Return the stage that ends an open alert if `condition` holds."""
    changes = {"open": False, "ended_at": at, "ending": ending.value, "pending": True}
    return change_when(all_of(IS_OPEN, condition), changes, CHANGED)


def _add_failure(added: AlertFailure) -> Pipeline:
    """Return the update that inserts an alert with this failure, adds it, or opens an ended alert again."""
    again = {"$cond": [_is_news(added), {"$mergeObjects": ["$$ROOT", _fields_after(added)]}, "$$ROOT"]}
    return [{"$replaceWith": {"$cond": [_IS_NEW, {"$literal": added.new_alert()}, again]}}]


def _is_news(added: AlertFailure) -> Expression:
    at = {"$literal": added.failure["at"]}
    is_later: Expression = {"$gt": [at, "$last_failure_at"]}
    fresh = {"$or": [is_later, _is_uncounted(added)]} if added.failure["stage"] == FAILED else is_later
    return all_of(fresh, {"$or": ["$open", {"$gt": [at, "$ended_at"]}]})


def _is_uncounted(added: AlertFailure) -> Expression:
    return {"$not": [{"$in": [{"$literal": added.failure["run"]}, "$failed_runs"]}]}


def _fields_after(added: AlertFailure) -> Expression:
    """Return the fields that a failure changes. An alert that had ended begins anew, in another incident."""
    failure = added.failure
    at, due_at = {"$literal": failure["at"]}, {"$literal": failure["due_at"]}
    is_latest: Expression = {"$gte": [at, "$last_failure_at"]}
    counted: Expression = {"$cond": ["$open", "$failed_runs", []]}
    number: Expression = {"$cond": ["$open", "$failures", 0]}
    if failure["stage"] == FAILED:
        counted = {"$slice": [{"$concatArrays": [counted, [{"$literal": failure["run"]}]]}, -MAX_FAILED_RUNS]}
        number = {"$cond": [{"$and": ["$open", {"$not": [_is_uncounted(added)]}]}, "$failures", {"$add": [number, 1]}]}
    return {
        "failure": {"$cond": [is_latest, {"$literal": failure}, "$failure"]},
        "name": {"$literal": failure["name"]},
        "host": {"$literal": added.host},
        "priority": added.priority,
        "opened_at": {"$cond": ["$open", "$opened_at", at]},
        "last_failure_at": {"$max": [at, "$last_failure_at"]},
        "last_due_at": {"$max": [due_at, "$last_due_at"]},
        "stage": {"$cond": ["$open", {"$max": [failure["stage"], "$stage"]}, failure["stage"]]},
        "failed_runs": counted,
        "failures": number,
        "incident": {"$cond": ["$open", "$incident", None]},
        "open": True,
        "ended_at": None,
        "ending": None,
        "pending": True,
        **CHANGED,
    }
