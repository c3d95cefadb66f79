"""The grouping of changed alerts into incidents.

A single value is matched by `$in` where the last indexed field would be compared with it: the embedded database does
not use the index otherwise.

Subjects with a notification rule are told alone: that of a host is for everybody who is told of any of its subjects.

The steps are written in an order in which each can be repeated: an alert names its incident before that is opened, so
that an open incident is never without alerts, and counts as seen only after that.
"""

from collections.abc import Container, Iterable, Mapping
from datetime import datetime, timedelta

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from tocsin.documents import AlertDocument, AlertEnding, Changes, Database, IncidentCause, IncidentDocument
from tocsin.documents.incident_states import FAILED
from tocsin.documents.inserts import existing_indexes
from tocsin.documents.updates import Expression, all_of, change_when, has_value, update_by_ids
from tocsin.notifications.incidents.alerts import CHANGED, IS_OPEN, end_when
from tocsin.notifications.incidents.causes import find_cause
from tocsin.notifications.incidents.decisions import is_opening_told
from tocsin.notifications.incidents.openings import Opening, can_reopen, plan_openings
from tocsin.notifications.incidents.subjects import DELETED, SubjectState, find_ending, find_subject_states
from tocsin.notifications.preferences.store import find_ruled

_DELETED = frozenset({AlertEnding.DELETED})
_HELD = frozenset({AlertEnding.DELETED, AlertEnding.PAUSED, AlertEnding.CANCELLED})
BATCH = 500
"""Alerts of one owner that are handled at a time."""


async def group_alerts(database: Database, owner: str, now: datetime, group_wait: timedelta) -> int:
    """Group changed alerts of an owner, at most a batch, and return their number."""
    alerts = await database.alerts.find({"pending": True, "owner": {"$in": [owner]}}).limit(BATCH).to_list()
    if not alerts:
        return 0
    joined = await _find_joined(database, alerts)
    withdrawn = {alert["_id"] for alert in alerts if not alert["open"]}
    alerts = [_revived(alert, joined) for alert in alerts]
    await _write_revivals(database, alerts, {each["_id"] for each in alerts if each["open"]} & withdrawn)
    alone = await find_ruled(database, owner, [alert["subject"] for alert in alerts])
    before = {alert["_id"]: alert["incident"] for alert in alerts}
    alerts = [_leave_host(alert, joined) if alert["subject"] in alone else alert for alert in alerts]
    left = {incident for alert in alerts if (incident := before[alert["_id"]]) != alert["incident"]}
    states = await find_subject_states(database, alerts)
    latest = await _find_latest(database, [alert for alert in alerts if alert["incident"] not in joined], alone)
    alerts = [
        _with_ending(alert, states, joined, _find_endings(alert, joined, latest, alone, now), now) for alert in alerts
    ]
    await _write_endings(database, alerts)
    concerned = [alert for alert in alerts if _concerns_incident(alert, states, joined)]
    incidents, openings = plan_openings(concerned, latest, joined, now, group_wait, alone)
    if overtaken := await _name_incidents(database, concerned, incidents):
        named = [alert for alert in concerned if alert["_id"] not in overtaken]
        _, openings = plan_openings(named, latest, joined, now, group_wait, alone)
    await _write_openings(database, openings, now)
    await _review_left(database, left, now)
    await _retire_earlier(database, openings, latest)
    await _mark_seen(database, alerts, await _find_waiting(database, openings), incidents)
    return len(alerts)


async def _find_joined(database: Database, alerts: Iterable[AlertDocument]) -> dict[str, IncidentDocument]:
    """Return the incidents to which alerts belong, by ID."""
    ids = {alert["incident"] for alert in alerts if alert["incident"] is not None}
    if not ids:
        return {}
    found = database.incidents.find({"_id": {"$in": list(ids)}})
    return {incident["_id"]: incident async for incident in found}


def _leave_host(alert: AlertDocument, joined: Mapping[str, IncidentDocument]) -> AlertDocument:
    """Return the alert of a subject that got a rule: if it still fails, without the incident of the host."""
    own = joined.get(alert["incident"] or "")
    is_in_group = own is not None and own["cause"] == IncidentCause.HOST
    return {**alert, "incident": None} if alert["open"] and is_in_group else alert


async def _find_latest(
    database: Database, alerts: Iterable[AlertDocument], alone: Container[str]
) -> dict[str, IncidentDocument]:
    """Return the newest incident with the cause of each alert, by the key of the cause."""
    keys = {find_cause(alert, is_alone=alert["subject"] in alone).key for alert in alerts}
    if not keys:
        return {}
    newest: dict[str, IncidentDocument] = {}
    async for incident in database.incidents.find({"latest": True, "cause_key": {"$in": list(keys)}}):
        before = newest.get(incident["cause_key"])
        if before is None or before["sequence"] < incident["sequence"]:
            newest[incident["cause_key"]] = incident
    return newest


def _find_endings(
    alert: AlertDocument,
    joined: Mapping[str, IncidentDocument],
    latest: Mapping[str, IncidentDocument],
    alone: Container[str],
    now: datetime,
) -> frozenset[AlertEnding]:
    """Return the endings that end the alert now: all if its incident was told, otherwise its deletion.

    A run that fails after its task was paused or cancelled does not bring back an incident that was told before.
    """
    own = joined.get(alert["incident"] or "")
    if own is not None:
        return frozenset(AlertEnding) if is_opening_told(own) else _DELETED
    before = latest.get(find_cause(alert, is_alone=alert["subject"] in alone).key)
    is_known = before is not None and is_opening_told(before) and (before["open"] or can_reopen(before, now))
    return _HELD if is_known else _DELETED


def _with_ending(
    alert: AlertDocument,
    states: Mapping[str, SubjectState],
    joined: Mapping[str, IncidentDocument],
    endings: frozenset[AlertEnding],
    now: datetime,
) -> AlertDocument:
    """Return the alert, ended if its subject does not run any more. What has failed before that is told first."""
    own, state = joined.get(alert["incident"] or ""), states.get(alert["subject"], DELETED)
    ending = find_ending(alert, state, now, has_recovered=own is not None and own["recovered"])
    if not alert["open"] or ending is None or ending not in endings:
        return alert
    return {**alert, "open": False, "ended_at": now, "ending": ending}


def _revived(alert: AlertDocument, joined: Mapping[str, IncidentDocument]) -> AlertDocument:
    """Return the alert; if it was withdrawn when its incident was told already, as one that goes on.

    Whoever was told that it fails is to be told when it works.
    """
    own = joined.get(alert["incident"] or "")
    if alert["ending"] != AlertEnding.INCONCLUSIVE or own is None or not (own["open"] and is_opening_told(own)):
        return alert
    return {**alert, "open": True, "ended_at": None, "ending": None}


async def _write_revivals(database: Database, alerts: Iterable[AlertDocument], revived: Container[str]) -> None:
    """Store that these alerts go on, unless they have changed since they were read."""
    changes: Changes = {"open": True, "ended_at": None, "ending": None}
    again = [alert for alert in alerts if alert["_id"] in revived]
    if not again:
        return
    with database.open_alerts.opening({alert["subject"] for alert in again}):
        await database.alerts.bulk_write(
            [UpdateOne({"_id": each["_id"]}, [change_when(has_value("rev", each["rev"]), changes)]) for each in again],
            ordered=False,
        )


async def _write_endings(database: Database, alerts: Iterable[AlertDocument]) -> None:
    """Store the endings of those that were open when they were read and have not changed since."""
    ended = [alert for alert in alerts if alert["ending"] not in (None, AlertEnding.RECOVERED)]
    updates = [
        UpdateOne({"_id": alert["_id"]}, [_end(alert["ending"], alert["ended_at"], alert["rev"])])
        for alert in ended
        if alert["ending"] is not None
    ]
    if updates:
        await database.alerts.bulk_write(updates, ordered=False)


def _end(ending: AlertEnding, at: datetime | None, rev: int) -> Expression:
    changes: Changes = {"open": False, "ended_at": at, "ending": str(ending)}
    return change_when(all_of(has_value("rev", rev), {"$eq": ["$open", True]}), changes)


def _concerns_incident(
    alert: AlertDocument, states: Mapping[str, SubjectState], joined: Mapping[str, IncidentDocument]
) -> bool:
    """Tell whether an alert belongs to an incident, or is due for one.

    One that failed for good and recovered before it was looked at is due as well: that a run was lost is told.
    """
    if alert["incident"] in joined:
        return True
    was_lost = alert["stage"] >= FAILED and alert["ending"] == AlertEnding.RECOVERED
    return (alert["open"] or was_lost) and is_due(alert, states.get(alert["subject"], DELETED).alert_after)


def is_due(alert: AlertDocument, alert_after: int) -> bool:
    """Tell whether so many runs in a row have failed for good; if one is enough, whether any attempt has failed."""
    return alert_after <= 1 or alert["failures"] >= alert_after


async def _name_incidents(
    database: Database, alerts: Iterable[AlertDocument], incidents: Mapping[str, str]
) -> set[str]:
    """Store the incidents of alerts. Return the IDs of those that have changed meanwhile, whose turn comes again."""
    unnamed = {alert["_id"]: alert["rev"] for alert in alerts if alert["incident"] != incidents[alert["_id"]]}
    updates = [
        UpdateOne({"_id": alert_id}, [change_when(has_value("rev", rev), {"incident": incidents[alert_id]})])
        for alert_id, rev in unnamed.items()
    ]
    if not updates or (await database.alerts.bulk_write(updates, ordered=False)).modified_count == len(updates):
        return set()
    found = database.alerts.find({"_id": {"$in": list(unnamed)}}, {"incident": 1})
    return unnamed.keys() - {alert["_id"] async for alert in found if alert["incident"] == incidents[alert["_id"]]}


async def _write_openings(database: Database, openings: Iterable[Opening], now: datetime) -> None:
    updates = [UpdateOne({"_id": each.incident_id}, each.build_pipeline(now), upsert=each.opens) for each in openings]
    if not updates:
        return
    try:
        await database.incidents.bulk_write(updates, ordered=False)
    except BulkWriteError as error:  # another process opened one of them at the same time
        refused = [updates[index] for index in existing_indexes(error)]
        await database.incidents.bulk_write(refused, ordered=False)


async def _review_left(database: Database, incidents: Iterable[str | None], now: datetime) -> None:
    """Have incidents of hosts looked at now that alerts have left: what is left of them may be over."""
    if ids := sorted(filter(None, incidents)):
        looked_at: Changes = {"pending": True, "handle_at": now}
        await database.incidents.bulk_write([update_by_ids(ids, [change_when(IS_OPEN, looked_at, CHANGED)])])


async def _retire_earlier(
    database: Database, openings: Iterable[Opening], latest: Mapping[str, IncidentDocument]
) -> None:
    """Mark the incidents that newer ones with the same cause replace, so that only the newest is found."""
    opened = {each.cause.key: each.incident_id for each in openings}
    earlier = [before["_id"] for key, before in latest.items() if opened.get(key, before["_id"]) != before["_id"]]
    if earlier:
        replaced = change_when(all_of(), {"latest": False})
        await database.incidents.bulk_write([update_by_ids(earlier, [replaced])])


async def _find_waiting(database: Database, openings: Iterable[Opening]) -> set[str]:
    """Return those incidents that cannot come again yet, because news of them is not told."""
    ids = [each.incident_id for each in openings if each.opens]
    if not ids:
        return set()
    found = database.incidents.find({"_id": {"$in": ids}}, {"open": 1})
    return {incident["_id"] async for incident in found if not incident["open"]}


async def _mark_seen(
    database: Database, alerts: Iterable[AlertDocument], waiting: set[str], incidents: Mapping[str, str]
) -> None:
    """Note that these changes of alerts are dealt with, except of those whose incident must come again later."""
    updates = [
        UpdateOne({"_id": alert["_id"]}, [change_when(has_value("rev", alert["rev"]), {"pending": False})])
        for alert in alerts
        if not (alert["open"] and incidents.get(alert["_id"]) in waiting)
    ]
    if updates:
        await database.alerts.bulk_write(updates, ordered=False)


async def end_stale_alerts(
    database: Database, alerts: Iterable[AlertDocument], now: datetime, recovered: Container[str | None]
) -> None:
    """End those of these alerts whose task or workflow does not run any more.

    `recovered` are the IDs of those of their incidents in which something has recovered.
    """
    told = list(alerts)
    states = await find_subject_states(database, told)
    endings = [
        (each, find_ending(each, states[each["subject"]], now, has_recovered=each["incident"] in recovered))
        for each in told
    ]
    updates = [
        UpdateOne({"_id": alert["_id"]}, [end_when(has_value("rev", alert["rev"]), ending, now)])
        for alert, ending in endings
        if ending is not None
    ]
    if updates:
        await database.alerts.bulk_write(updates, ordered=False)
