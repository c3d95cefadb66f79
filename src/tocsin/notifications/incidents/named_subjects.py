"""Which alerts of an incident its news is about, and who is named. Failures that were withdrawn do not count."""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from typing import cast

from tocsin.documents import (
    AlertDocument,
    AlertEnding,
    Database,
    Filter,
    IncidentCause,
    IncidentDocument,
    IncidentNews,
    IncidentSubjectDocument,
    aggregate,
)
from tocsin.documents.incident_states import BEGAN, FAILED
from tocsin.documents.updates import Pipeline
from tocsin.notifications.incidents.subjects import SubjectState, find_subject_states

NamedSubjects = tuple[list[IncidentSubjectDocument], int]
"""The most important subjects of an incident, and the number of all."""
MAX_LISTED = 10
"""The most important subjects, which are told by name."""
_COUNTS: Filter = {"ending": {"$ne": AlertEnding.INCONCLUSIVE}}
_LATEST_OF_EACH: Pipeline = [
    {"$sort": {"last_failure_at": -1}},
    {"$group": {"_id": "$subject", "alert": {"$first": "$$ROOT"}}},
    {"$replaceWith": "$alert"},
]
_HAS_FAILED: Filter = {"stage": {"$gte": FAILED}, **_COUNTS}


async def forget_withdrawn(database: Database, incidents: Sequence[IncidentDocument]) -> list[IncidentDocument]:
    """Return the incidents as they are to be decided: the stage of one does not count failures that were withdrawn."""
    unsure = [each["_id"] for each in incidents if each["stage"] >= FAILED and IncidentNews.FAILED not in each["told"]]
    stages: Pipeline = [
        {"$match": {"incident": {"$in": unsure}}},
        {"$match": _HAS_FAILED},
        {"$group": {"_id": "$incident", "open": {"$max": "$open"}, "ended_at": {"$max": "$ended_at"}}},
    ]
    rows = {row["_id"]: row for row in await aggregate(database.alerts, stages)} if unsure else {}
    failed = {
        each["_id"]
        for each in incidents
        if (row := rows.get(each["_id"])) is not None and (row["open"] or row["ended_at"] >= each["began_at"])
    }
    return [{**each, "stage": BEGAN} if each["_id"] in {*unsure} - failed else each for each in incidents]


async def find_all_named(
    database: Database, news: Sequence[tuple[IncidentDocument, IncidentNews]], failing: Container[str]
) -> dict[str, NamedSubjects]:
    """Return the most important subjects of incidents, by ID, each for its news, and the number of all.

    Those of tasks and workflows that fail by themselves, which can be many, are read together. `failing` are the IDs of
    the incidents that have open alerts.
    """
    own = [each["_id"] for each, _ in news if each["_id"] in failing and each["cause"] != IncidentCause.HOST]
    found = await _find_single(database, own)
    return found | {
        each["_id"]: await find_named_subjects(database, each, what, has_open=each["_id"] in failing)
        for each, what in news
        if each["_id"] not in found
    }


async def _find_single(database: Database, incidents: Sequence[str]) -> dict[str, NamedSubjects]:
    """Return the subjects of those of these incidents that have one open alert."""
    if not incidents:
        return {}
    alerts = await database.alerts.find({"open": True, "incident": {"$in": list(incidents)}}).to_list()
    counts = Counter(alert["incident"] for alert in alerts)
    single = [alert for alert in alerts if counts[alert["incident"]] == 1]
    states = await find_subject_states(database, single)
    return {alert["incident"] or "": ([_describe(alert, states)], 1) for alert in single}


async def find_named_subjects(
    database: Database, incident: IncidentDocument, news: IncidentNews, *, has_open: bool
) -> NamedSubjects:
    """Return the most important subjects of an incident, and the number of all.

    They are those that fail; when none does, or the last of them has ended since that was looked up, those that failed
    in its present opening, each by its last failure: for good, if that is the news.
    """
    of_incident: Filter = {"incident": {"$in": [incident["_id"]]}}
    failing: Pipeline = [{"$match": {"open": True, **of_incident}}]
    failed = _HAS_FAILED if news is IncidentNews.FAILED else _COUNTS
    present: Filter = {"ended_at": {"$gte": incident["began_at"]}, **failed}
    ended: Pipeline = [{"$match": of_incident}, {"$match": present}, *_LATEST_OF_EACH]
    for stages in (failing, ended) if has_open else (ended,):
        subjects, count = await _find_subjects(database, stages)
        if subjects:
            return subjects, count
    return incident["subjects"], incident["subject_count"]


async def _find_subjects(database: Database, stages: Pipeline) -> tuple[list[IncidentSubjectDocument], int]:
    """Return the most important subjects of the alerts that these stages select, and the number of all."""
    most_important: Pipeline = [{"$sort": {"priority": -1, "name": 1}}, {"$limit": MAX_LISTED}]
    alerts = [cast("AlertDocument", row) for row in await aggregate(database.alerts, [*stages, *most_important])]
    count = len(alerts)
    if count == MAX_LISTED:
        (counted,) = await aggregate(database.alerts, [*stages, {"$count": "number"}])
        count = int(counted["number"])
    states = await find_subject_states(database, alerts) if len(alerts) == 1 else {}
    return [_describe(alert, states) for alert in alerts], count


def _describe(alert: AlertDocument, states: Mapping[str, SubjectState]) -> IncidentSubjectDocument:
    return {
        "subject_type": alert["subject_type"],
        "subject": alert["subject"],
        "failure": alert["failure"],
        "next_due": states[alert["subject"]].next_due if alert["subject"] in states else None,
        "ending": alert["ending"],
    }
