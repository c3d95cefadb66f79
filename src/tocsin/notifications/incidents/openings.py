"""How alerts become incidents: the incident of each alert, and the update that opens, adds to or reopens it. Pure."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.documents import AlertDocument, AlertEnding, IncidentCause, IncidentDocument
from tocsin.documents.updates import Expression, Pipeline, all_of, has_value, is_null
from tocsin.notifications.incidents.causes import Cause, find_cause
from tocsin.notifications.incidents.decisions import REOPEN_PERIOD

_IS_NEW: Expression = {"$eq": [{"$type": "$rev"}, "missing"]}


@dataclass(frozen=True, slots=True)
class Opening:
    """What alerts say about one incident, which may not exist yet.

    `sequence` is that of a new incident, or of a reopened one if its own is lower. `over_sequence` is the one at which
    the incident was over when it was read; None if it was not. With `opens` it is opened: an alert is open, or had
    failed for good and recovered before it was looked at. `group_wait` is how long others of the same cause are waited
    for before it is told.
    """

    incident_id: str
    owner: str
    cause: Cause
    sequence: int
    over_sequence: int | None
    opens: bool
    stage: int
    recovered: bool
    first_failure_at: datetime
    last_failure_at: datetime
    group_wait: timedelta

    def new_incident(self, now: datetime) -> IncidentDocument:
        """Return the incident that opens now."""
        tell_at = now + self.group_wait
        return {
            "_id": self.incident_id,
            "owner": self.owner,
            "cause": self.cause.kind,
            "cause_key": self.cause.key,
            "latest": True,
            "host": self.cause.host,
            "error_kind": self.cause.error_kind,
            "opened_at": self.first_failure_at,
            "began_at": self.first_failure_at,
            "reopened": 0,
            "sequence": self.sequence,
            "open": True,
            "over_at": None,
            "acknowledged_at": None,
            "stage": self.stage,
            "recovered": self.recovered,
            "last_failure_at": self.last_failure_at,
            "tell_at": tell_at,
            "escalate_at": tell_at,
            "check_at": now,
            "told": [],
            "told_at": [],
            "reminders": 0,
            "untold": None,
            "untold_at": None,
            "subjects": [],
            "subject_count": 0,
            "events": [],
            "pending": True,
            "handle_at": now,
            "rev": 1,
        }

    def build_pipeline(self, now: datetime) -> Pipeline:
        """Return the upsert of the incident: it opens, is added to, or comes again.

        News that waits to be told is about the incident as it was: it comes again only when that is told. If it has
        ended since it was read, so may have the alerts: these are looked at once more.
        """
        added = {"$mergeObjects": ["$$ROOT", self._added(now)]}
        again = {"$mergeObjects": ["$$ROOT", self._reopened(now)]} if self.opens else "$$ROOT"
        can_reopen = all_of(is_null("untold"), has_value("sequence", self.over_sequence))
        known = {"$cond": ["$open", added, {"$cond": [can_reopen, again, "$$ROOT"]}]}
        new = {"$literal": self.new_incident(now)} if self.opens else "$$ROOT"
        return [{"$replaceWith": {"$cond": [_IS_NEW, new, known]}}]

    def _added(self, now: datetime) -> Expression:
        later = {"$literal": now + self.group_wait}
        has_first_success = all_of({"$literal": self.recovered}, {"$not": ["$recovered"]})
        return {
            "stage": {"$max": ["$stage", self.stage]},
            "escalate_at": {"$cond": [{"$gt": [self.stage, "$stage"]}, later, "$escalate_at"]},
            "recovered": {"$or": ["$recovered", {"$literal": self.recovered}]},
            "last_failure_at": {"$max": ["$last_failure_at", {"$literal": self.last_failure_at}]},
            "check_at": {"$cond": [has_first_success, {"$min": ["$check_at", later]}, "$check_at"]},
            **_handled(now),
        }

    def _reopened(self, now: datetime) -> Expression:
        tell_at = {"$literal": now + self.group_wait}
        return {
            "open": True,
            "over_at": None,
            "reopened": {"$add": ["$reopened", 1]},
            "began_at": {"$literal": self.first_failure_at},
            "sequence": {"$max": [{"$add": ["$sequence", 1]}, self.sequence]},
            "stage": self.stage,
            "recovered": {"$literal": self.recovered},
            "last_failure_at": {"$literal": self.last_failure_at},
            "tell_at": tell_at,
            "escalate_at": tell_at,
            "check_at": {"$literal": now},
            "told": [],
            "reminders": 0,
            **_handled(now),
        }


def _handled(now: datetime) -> Expression:
    return {"pending": True, "handle_at": {"$literal": now}, "rev": {"$add": ["$rev", 1]}}


def plan_openings(
    alerts: Iterable[AlertDocument],
    latest: Mapping[str, IncidentDocument],
    joined: Mapping[str, IncidentDocument],
    now: datetime,
    group_wait: timedelta,
    alone: Container[str] = (),
) -> tuple[dict[str, str], list[Opening]]:
    """Return the incident of each of these alerts (by ID), and what they say about their incidents.

    `latest` are the newest incidents by the key of their cause, `joined` those that alerts belong to, by ID; `alone`
    are the subjects that no incident of a host tells of.
    """
    incidents: dict[str, str] = {}
    groups: dict[str, tuple[Cause, int, list[AlertDocument]]] = {}
    for alert in alerts:
        cause, incident_id, sequence = _choose_incident(alert, latest, joined, now, is_alone=alert["subject"] in alone)
        incidents[alert["_id"]] = incident_id
        group = groups.setdefault(incident_id, (cause, sequence, []))
        group[2].append(alert)
    known = {each["_id"]: each for each in (*latest.values(), *joined.values())}
    return incidents, [
        _fold(incident_id, cause, sequence, members, group_wait, known.get(incident_id), joined)
        for incident_id, (cause, sequence, members) in groups.items()
    ]


def _choose_incident(
    alert: AlertDocument,
    latest: Mapping[str, IncidentDocument],
    joined: Mapping[str, IncidentDocument],
    now: datetime,
    *,
    is_alone: bool,
) -> tuple[Cause, str, int]:
    """Return the cause of an alert, the ID of its incident, and the sequence with which that opens."""
    own = joined.get(alert["incident"] or "")
    if own is not None:
        return cause_of(own), own["_id"], _first_sequence(alert, cause_of(own))
    cause = find_cause(alert, is_alone=is_alone)
    number = _first_sequence(alert, cause)
    before = latest.get(cause.key)
    if before is None:
        return cause, f"{cause.key}:{number}", number
    if before["open"] or can_reopen(before, now):
        return cause, before["_id"], number
    sequence = max(before["sequence"] + 1, number)
    return cause, f"{cause.key}:{sequence}", sequence


def _first_sequence(alert: AlertDocument, cause: Cause) -> int:
    """Return the lowest sequence of an incident of this alert.

    Of a task or workflow it is the number of the alert, which no earlier notification has.
    """
    return 0 if cause.kind is IncidentCause.HOST else alert["number"]


def cause_of(incident: IncidentDocument) -> Cause:
    """Return the cause of a stored incident."""
    return Cause(IncidentCause(incident["cause"]), incident["cause_key"], incident["host"], incident["error_kind"])


def can_reopen(incident: IncidentDocument, now: datetime) -> bool:
    """Tell whether an incident that is over would be the same if it came again."""
    over_at = incident["over_at"]
    return over_at is not None and now - over_at < REOPEN_PERIOD


def _fold(
    incident_id: str,
    cause: Cause,
    sequence: int,
    alerts: list[AlertDocument],
    group_wait: timedelta,
    known: IncidentDocument | None,
    joined: Container[str | None],
) -> Opening:
    return Opening(
        incident_id,
        alerts[0]["owner"],
        cause,
        max(sequence, *(_first_sequence(alert, cause) for alert in alerts)),
        over_sequence=None if known is None or known["open"] else known["sequence"],
        opens=any(alert["open"] or alert["incident"] not in joined for alert in alerts),
        stage=max(alert["stage"] for alert in alerts),
        recovered=any(alert["ending"] == AlertEnding.RECOVERED for alert in alerts),
        first_failure_at=min(alert["opened_at"] for alert in alerts),
        last_failure_at=max(alert["last_failure_at"] for alert in alerts),
        group_wait=group_wait if cause.kind is IncidentCause.HOST else timedelta(0),
    )
