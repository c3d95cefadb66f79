"""What becomes of incidents that are due to be looked at: their news, and their end.

News is decided with one conditional update, which stores it as `untold`, and then told. The ID of its event derives
from the incident, so it is told once, whoever tells it and however often; nothing else is decided before that.
"""

import asyncio
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo import UpdateOne

from tocsin.documents import (
    Changes,
    Database,
    ErrorKind,
    Filter,
    IncidentCause,
    IncidentDocument,
    IncidentNews,
    aggregate,
)
from tocsin.documents.updates import Pipeline, all_of, change_when, has_value
from tocsin.notifications.deliveries import notify
from tocsin.notifications.incidents.causes import is_host_failure
from tocsin.notifications.incidents.decisions import CHECK_PERIOD, Decision, decide_news, is_opening_told
from tocsin.notifications.incidents.grouping import end_stale_alerts
from tocsin.notifications.incidents.named_subjects import NamedSubjects, find_all_named, forget_withdrawn
from tocsin.notifications.incidents.reports import make_event, news_id
from tocsin.telemetry import get_logger

BATCH = 100
"""Incidents of one owner that are handled at a time."""
_CHECKED = 500
_CHECKED_FIELDS = dict.fromkeys(("incident", "subject", "subject_type", "last_failure_at", "rev"), 1)
_FIRST_CHECK = timedelta(seconds=15)
_HOLD_PERIOD = timedelta(seconds=30)
_CHECK_SECONDS = 15.0
_MAX_EVENTS = 50
_TOLD_TIMES = 2
_log = get_logger(__name__)
HostCheck = Callable[[str], Awaitable[bool]]
"""Tells whether an incident of this host must be held back, such as because our own network is down."""
ReminderInterval = Callable[[str], Awaitable[timedelta | None]]
"""Returns the interval of reminders that an owner (by ID) wants; None for none."""


@dataclass(frozen=True, slots=True)
class TellingRules:
    """What others decide about telling: whether a host is held back, and how often owners are reminded."""

    check_host: HostCheck | None = None
    reminder_interval: ReminderInterval | None = None


async def tell_incidents(database: Database, owner: str, now: datetime, rules: TellingRules) -> int:
    """Look at the incidents of an owner that are due, at most a batch, and return their number."""
    query: Filter = {"pending": True, "owner": owner, "handle_at": {"$lte": now}}
    incidents = await database.incidents.find(query).limit(BATCH).to_list()
    if not incidents:
        return 0
    await _tell_news(database, [each for each in incidents if each["untold"] is not None], now)
    undecided = [each for each in incidents if each["untold"] is None]
    await _check_subjects(database, undecided, now)
    decided = await _decide(database, undecided, now, rules)
    if decided:
        found = await database.incidents.find({"_id": {"$in": decided}}).to_list()
        await _tell_news(database, [each for each in found if each["untold"] is not None], now)
    return len(incidents)


async def _tell_news(database: Database, incidents: Sequence[IncidentDocument], now: datetime) -> None:
    """Tell what is decided, and note that."""
    news = [(each, IncidentNews(each["untold"])) for each in incidents if each["untold"] is not None]
    if not news:
        return
    await notify(database, [make_event(incident, what) for incident, what in news])
    computed = {
        "pending": "$open",
        "handle_at": {"$cond": ["$open", {"$literal": now}, None]},
        "rev": {"$add": ["$rev", 1]},
    }
    updates = [
        UpdateOne(
            {"_id": incident["_id"]},
            [
                change_when(
                    all_of(has_value("untold", what.value), has_value("untold_at", incident["untold_at"])),
                    {"untold": None},
                    computed,  # type: ignore[arg-type]  # a field path is an expression too
                )
            ],
        )
        for incident, what in news
    ]
    await database.incidents.bulk_write(updates, ordered=False)


async def _check_subjects(database: Database, incidents: Iterable[IncidentDocument], now: datetime) -> None:
    """End the alerts of told incidents whose tasks and workflows do not run any more."""
    due = [each for each in incidents if each["open"] and is_opening_told(each) and each["check_at"] <= now]
    if not due:
        return
    query: Filter = {"open": True, "incident": {"$in": [each["_id"] for each in due]}}
    alerts = await database.alerts.find(query, _CHECKED_FIELDS).to_list()
    recovered = {each["_id"] for each in due if each["recovered"]}
    for start in range(0, len(alerts), _CHECKED):
        await end_stale_alerts(database, alerts[start : start + _CHECKED], now, recovered)


async def _decide(
    database: Database, incidents: Sequence[IncidentDocument], now: datetime, rules: TellingRules
) -> list[str]:
    """Decide about incidents that have no untold news. Return the IDs of those that have news now."""
    if not incidents:
        return []
    incidents, failing = await _find_decidable(database, incidents)
    if not incidents:
        return []
    incidents = await forget_withdrawn(database, incidents)
    held = await _find_held_back(incidents, failing, now, rules)
    interval = rules.reminder_interval
    remind_every = None if interval is None else await interval(incidents[0]["owner"])
    decisions: list[tuple[IncidentDocument, Decision]] = []
    for incident in incidents:
        has_open = incident["_id"] in failing
        decision = (
            decide_news(incident, now, has_open=has_open, remind_every=remind_every) if incident["open"] else Decision()
        )
        is_held = decision.news is not None and incident["_id"] in held
        decisions.append((incident, Decision(wait_until=now + _HOLD_PERIOD) if is_held else decision))
    news = [(incident, decision.news) for incident, decision in decisions if decision.news is not None]
    named = await find_all_named(database, news, failing)
    updates = [
        UpdateOne(
            {"_id": incident["_id"]},
            [change_when(has_value("rev", incident["rev"]), _changes(incident, decision, now, named))],
        )
        for incident, decision in decisions
    ]
    await database.incidents.bulk_write(updates, ordered=False)
    return list(named)


async def _find_held_back(
    incidents: Sequence[IncidentDocument], failing: Container[str], now: datetime, rules: TellingRules
) -> set[str]:
    """Return the IDs of incidents of hosts whose opening is to be told now, and must wait. Asks for each host once."""
    if rules.check_host is None:
        return set()
    opening = {
        each["_id"]: each["host"]
        for each in incidents
        if _blames_host(each)
        and each["host"] is not None
        and each["open"]
        and not is_opening_told(each)
        and decide_news(each, now, has_open=each["_id"] in failing, remind_every=None).news is not None
    }
    hosts = sorted(set(opening.values()))
    answers = dict(
        zip(hosts, await asyncio.gather(*(_is_held_back(rules.check_host, host) for host in hosts)), strict=True)
    )
    return {incident_id for incident_id, host in opening.items() if answers[host]}


def _blames_host(incident: IncidentDocument) -> bool:
    """Tell whether an incident blames its host, also one of a task or workflow that is told alone."""
    kind = incident["error_kind"]
    return incident["cause"] == IncidentCause.HOST or (kind is not None and is_host_failure(ErrorKind(kind), None))


async def _is_held_back(check: HostCheck, host: str) -> bool:
    """Return whether a host is to be held back. A check that fails or takes long must not keep it from being told."""
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            return await check(host)
    except Exception:
        _log.exception("it could not be checked whether an incident must wait", host=host)
        return False


async def _find_decidable(
    database: Database, incidents: Sequence[IncidentDocument]
) -> tuple[list[IncidentDocument], set[str]]:
    """Return those of these incidents about which all is known, and the IDs of those that have open alerts.

    Without an open alert, how the last one ended must be known. Open alerts are read first, because one can end
    meanwhile.
    """
    failing = await _find_failing(database, [each["_id"] for each in incidents])
    silent = [each["_id"] for each in incidents if each["_id"] not in failing]
    if not silent:
        return list(incidents), failing
    query: Filter = {"pending": True, "owner": incidents[0]["owner"], "incident": {"$in": silent}}
    unseen = {alert["incident"] async for alert in database.alerts.find(query, {"incident": 1})}
    return [each for each in incidents if each["_id"] not in unseen], failing


async def _find_failing(database: Database, ids: list[str]) -> set[str]:
    """Return the IDs of those incidents that have open alerts."""
    stages: Pipeline = [{"$match": {"open": True, "incident": {"$in": ids}}}, {"$group": {"_id": "$incident"}}]
    return {row["_id"] for row in await aggregate(database.alerts, stages)}


def _changes(
    incident: IncidentDocument, decision: Decision, now: datetime, named: Mapping[str, NamedSubjects]
) -> Changes:
    """Return the changes of an incident that carry out a decision, with the subjects that its news names."""
    changes: Changes = {"rev": incident["rev"] + 1}
    if decision.is_over:
        changes |= {"open": False, "over_at": now}
    if decision.news is None:
        is_waiting = incident["open"] and not decision.is_over
        changes |= {"pending": is_waiting, "handle_at": decision.wait_until if is_waiting else None}
        if incident["check_at"] <= now:
            since = now - incident["began_at"]
            changes["check_at"] = now + min(max(since, _FIRST_CHECK), CHECK_PERIOD)
        if is_waiting and is_opening_told(incident):
            check_at = changes.get("check_at", incident["check_at"])
            changes["handle_at"] = min(changes["handle_at"] or check_at, check_at)
        return changes
    return changes | _news_changes(incident, decision.news, now, named[incident["_id"]])


def _news_changes(incident: IncidentDocument, news: IncidentNews, now: datetime, named: NamedSubjects) -> Changes:
    """Return the changes that store news, with the subjects that it names."""
    subjects, count = named
    is_reminder = news is IncidentNews.STILL_FAILING
    reminders = incident["reminders"] + is_reminder
    event_id = news_id({**incident, "reminders": reminders}, news)
    return {
        "untold": news.value,
        "untold_at": now,
        "told": incident["told"] if is_reminder else [*incident["told"], news.value],
        "told_at": [*incident["told_at"], now][-_TOLD_TIMES:],
        "reminders": reminders,
        "events": [*incident["events"], event_id][-_MAX_EVENTS:],
        "subjects": subjects,
        "subject_count": count,
        "pending": True,
        "handle_at": now,
    }
