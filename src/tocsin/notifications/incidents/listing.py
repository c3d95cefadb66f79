"""Queries for lists of incidents and their alerts, and what is looked up of many at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin import clock
from tocsin.documents import AlertDocument, Database, IncidentDocument, PrunedAlertsDocument, User, aggregate
from tocsin.documents.keyset import Condition, KeysetQuery
from tocsin.documents.updates import Pipeline


@dataclass(frozen=True, slots=True)
class IncidentCounts:
    """The number of tasks and workflows of an incident, of their runs that failed for good, and the last failure."""

    subjects: int = 0
    failures: int = 0
    last_failure_at: datetime | None = None


def query_incidents(database: Database, owner: User, *, is_open: bool | None = None) -> KeysetQuery[IncidentDocument]:
    """Build the query for incidents of the owner, newest first; with `is_open`, only those that are, or are not."""
    indexed: Condition = {"owner": owner.id}
    if is_open is not None:
        indexed["open"] = is_open
    return KeysetQuery(
        collection=database.incidents,
        order_name="incident_opened_at",
        key="opened_at",
        descending=True,
        indexed_filter=indexed,
        key_range_hint=(owner.created_at, clock.now()),
    )


def query_alerts(database: Database, incident: IncidentDocument) -> KeysetQuery[AlertDocument]:
    """Build the query for the alerts of an incident, in the order in which they began."""
    return KeysetQuery(
        collection=database.alerts,
        order_name="alert_opened_at",
        key="opened_at",
        descending=False,
        indexed_filter={"incident": incident["_id"]},
    )


async def count_alerts(database: Database, incident_ids: Sequence[str]) -> dict[str, IncidentCounts]:
    """Return the counts of these incidents, by ID: those of their alerts, and of alerts that were pruned.

    A subject whose alerts were all pruned before it failed again counts twice.
    """
    found = database.incidents.find({"_id": {"$in": list(incident_ids)}}, {"pruned": 1})
    pruned = {each["_id"]: totals async for each in found if (totals := each.get("pruned")) is not None}
    counted = [alert for totals in pruned.values() for alert in totals["alerts"]]  # they are about to be deleted
    present = await _count_present(database, incident_ids, counted)
    return {id_: _sum_up(present.get(id_, IncidentCounts()), pruned.get(id_)) for id_ in {*present, *pruned}}


def _sum_up(present: IncidentCounts, pruned: PrunedAlertsDocument | None) -> IncidentCounts:
    if pruned is None:
        return present
    times = [time for time in (present.last_failure_at, pruned["last_failure_at"]) if time is not None]
    return IncidentCounts(present.subjects + pruned["subjects"], present.failures + pruned["failures"], max(times))


async def _count_present(
    database: Database, incident_ids: Sequence[str], without: Sequence[str]
) -> dict[str, IncidentCounts]:
    stages: Pipeline = [
        {"$match": {"incident": {"$in": list(incident_ids)}}},
        *([{"$match": {"_id": {"$nin": list(without)}}}] if without else []),
        {
            "$group": {
                "_id": {"incident": "$incident", "subject": "$subject"},
                "failures": {"$sum": "$failures"},
                "last": {"$max": "$last_failure_at"},
            }
        },
        {
            "$group": {
                "_id": "$_id.incident",
                "subjects": {"$sum": 1},
                "failures": {"$sum": "$failures"},
                "last": {"$max": "$last"},
            }
        },
    ]
    rows = await aggregate(database.alerts, stages)
    return {row["_id"]: IncidentCounts(row["subjects"], row["failures"], row["last"]) for row in rows}


async def find_open_incidents(database: Database, subjects: Sequence[str]) -> dict[str, IncidentDocument]:
    """Return the open incidents to which these tasks and workflows (by ID) belong now."""
    query = {"open": True, "subject": {"$in": list(subjects)}}
    alerts = await database.alerts.find(query, {"subject": 1, "incident": 1, "last_failure_at": 1}).to_list()
    alerts.sort(key=lambda alert: alert["last_failure_at"])
    of_subject = {alert["subject"]: alert["incident"] for alert in alerts if alert["incident"] is not None}
    if not of_subject:
        return {}
    found = database.incidents.find({"_id": {"$in": list(set(of_subject.values()))}})
    incidents = {incident["_id"]: incident async for incident in found if incident["open"]}
    return {subject: incidents[id_] for subject, id_ in of_subject.items() if id_ in incidents}
