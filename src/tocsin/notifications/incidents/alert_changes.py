"""How failures change alerts, and which successes end them. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tocsin.documents import AlertDocument, Changes
from tocsin.documents.incident_states import FAILED
from tocsin.notifications.incidents.failures import AlertFailure, Success

MAX_FAILED_RUNS = 20
"""Failed runs whose IDs an alert keeps, so that a failure that is recorded again counts once."""


@dataclass(frozen=True, slots=True)
class AlertUpdate:
    """The changes of an alert, which apply to its revision `rev`, while it is open or has ended as it was read.

    The keeper ends alerts and lets them go on without another revision.
    """

    alert_id: str
    rev: int
    was_open: bool
    changes: Changes


def add_failures(alert: AlertDocument | None, failures: Sequence[AlertFailure]) -> AlertDocument | AlertUpdate | None:
    """Return the alert that these failures begin, or their changes of the one that exists; None if there are none.

    The keeper of incidents needs to see only what can be news: the first failures, a new stage, and a new beginning.
    """
    first, *rest = failures
    if alert is None:
        new = first.new_alert()
        for failure in rest:
            new = _merged(new, _changes_by(new, failure))
        return new
    changes: Changes = {}
    for failure in failures:
        changes |= _changes_by(_merged(alert, changes), failure)
    if not changes:
        return None
    is_news = alert["incident"] is None or not alert["open"] or changes["stage"] > alert["stage"]
    return AlertUpdate(
        alert["_id"],
        alert["rev"],
        alert["open"],
        {**changes, **({"pending": True} if is_news else {}), "rev": alert["rev"] + 1},
    )


def _merged(alert: AlertDocument, changes: Changes) -> AlertDocument:
    merged: AlertDocument = {**alert, **changes}  # type: ignore[typeddict-item]  # they are fields of it
    return merged


def _changes_by(alert: AlertDocument, added: AlertFailure) -> Changes:
    """Return the fields that a failure changes: none if it is known. An alert that had ended begins anew."""
    failure, ended_at = added.failure, alert["ended_at"]
    is_later = failure["at"] > alert["last_failure_at"]
    is_counted = failure["run"] in alert["failed_runs"] and alert["open"]
    has_failed = failure["stage"] == FAILED
    if not (is_later or (has_failed and not is_counted)):
        return {}
    if not alert["open"]:
        return _new_beginning(added) if ended_at is None or failure["at"] > ended_at else {}
    changes: Changes = {"stage": max(alert["stage"], failure["stage"])}
    if failure["at"] >= alert["last_failure_at"]:
        changes |= {"failure": failure, "name": failure["name"], "host": added.host, "priority": added.priority}
        changes |= {"last_failure_at": failure["at"]}
    if failure["due_at"] > alert["last_due_at"]:
        changes["last_due_at"] = failure["due_at"]
    if has_failed and not is_counted:
        changes["failed_runs"] = [*alert["failed_runs"], failure["run"]][-MAX_FAILED_RUNS:]
        changes["failures"] = alert["failures"] + 1
    return changes


def _new_beginning(added: AlertFailure) -> Changes:
    """Return the changes by which an alert that had ended begins again, for another incident."""
    new = added.new_alert()
    kept = ("_id", "owner", "subject_type", "subject", "number", "pending", "rev")
    return {name: value for name, value in new.items() if name not in kept}


def find_ends(alerts: Iterable[AlertDocument], successes: Iterable[Success]) -> list[tuple[AlertDocument, Success]]:
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
