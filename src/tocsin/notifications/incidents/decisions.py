"""What is news of an incident, and when: decided from its document alone. Pure.

An incident is told when it opens, once more when a run has failed for good, and when it is over, each once for each
opening. A flapping one (it came again within `REOPEN_PERIOD`) is over only after `QUIET_PERIOD` without a failure, and
at most two notices about it are told in that time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.documents import IncidentDocument, IncidentNews
from tocsin.documents.incident_states import FAILED

REOPEN_PERIOD = timedelta(hours=1)
"""Time after its end within which an incident that comes again is the same, reopened."""
QUIET_PERIOD = timedelta(minutes=10)
MAX_FLAPPING_NOTICES = 2
MAX_GROUP_WAIT = timedelta(minutes=5)
CHECK_PERIOD = timedelta(minutes=15)
"""Time after which the keeper looks at an open incident again, even if nothing has happened."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to an incident now: news that is to be told, and its end. Otherwise nothing before `wait_until`."""

    news: IncidentNews | None = None
    is_over: bool = False
    wait_until: datetime | None = None


def decide_news(
    incident: IncidentDocument, now: datetime, *, has_open: bool, remind_every: timedelta | None
) -> Decision:
    """Decide what happens to an open incident. `has_open` tells whether any of its alerts is open."""
    if (news := _find_failure_news(incident, has_open=has_open)) is not None:
        at = _unless_set_back(_failure_news_time(incident, news), now, MAX_GROUP_WAIT)
        return _tell_at(incident, news, at, now)
    if has_open:
        return _remind(incident, now, remind_every)
    return _end(incident, now)


def is_opening_told(incident: IncidentDocument) -> bool:
    """Tell whether the present opening of the incident was told."""
    return bool(incident["told"])


def _find_failure_news(incident: IncidentDocument, *, has_open: bool) -> IncidentNews | None:
    """Return the news of a failure that is to be told, now or later.

    An opening that is over before it is told is told only if a run has failed for good and another one has worked:
    nothing else was lost. That a run has failed for good is told even if nothing can follow, as for a one-off task, but
    not once the task works again.
    """
    has_failed, told = incident["stage"] >= FAILED, incident["told"]
    if not told:
        is_news = has_open or (has_failed and incident["recovered"])
        return (IncidentNews.FAILED if has_failed else IncidentNews.BEGAN) if is_news else None
    is_owed = has_failed and IncidentNews.FAILED not in told
    return IncidentNews.FAILED if is_owed and (has_open or not incident["recovered"]) else None


def _failure_news_time(incident: IncidentDocument, news: IncidentNews) -> datetime:
    if news is IncidentNews.FAILED and incident["told"]:
        return incident["escalate_at"]
    return incident["tell_at"]


def _remind(incident: IncidentDocument, now: datetime, every: timedelta | None) -> Decision:
    check = now + CHECK_PERIOD
    if every is None or incident["acknowledged_at"] is not None or not incident["told_at"]:
        return Decision(wait_until=check)
    due = incident["told_at"][-1] + every
    if due <= now:
        return _tell_at(incident, IncidentNews.STILL_FAILING, due, now)
    return Decision(wait_until=min(due, check))


def _end(incident: IncidentDocument, now: datetime) -> Decision:
    if incident["reopened"]:
        quiet_until = _unless_set_back(incident["last_failure_at"] + QUIET_PERIOD, now, QUIET_PERIOD)
        if now < quiet_until:
            return Decision(wait_until=quiet_until)
    if not incident["told"]:
        return Decision(is_over=True)
    news = IncidentNews.RECOVERED if incident["recovered"] else IncidentNews.CLOSED
    decision = _tell_at(incident, news, now, now)
    return Decision(decision.news, decision.news is not None, decision.wait_until)


def _tell_at(incident: IncidentDocument, news: IncidentNews, at: datetime, now: datetime) -> Decision:
    """Return the decision to tell news at a time, or later if too much was told of a flapping incident."""
    if incident["reopened"] and len(incident["told_at"]) >= MAX_FLAPPING_NOTICES:
        room_at = incident["told_at"][-MAX_FLAPPING_NOTICES] + QUIET_PERIOD
        at = max(at, _unless_set_back(room_at, now, QUIET_PERIOD))
    return Decision(news=news) if at <= now else Decision(wait_until=min(at, now + CHECK_PERIOD))


def _unless_set_back(at: datetime, now: datetime, longest: timedelta) -> datetime:
    """Return a time to wait for, or now if it is further ahead than any can be: then the clock was set back."""
    return at if at <= now + longest else now
