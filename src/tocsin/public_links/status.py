"""What a badge and a status page show of a task or workflow: its state, latest outcomes and success rates. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from tocsin.documents import RunStatus

MAX_OUTCOMES = 50
LATE_AFTER = timedelta(minutes=1)
"""Time after a due time from which a task without a run of it is running late."""
RATE_PERIODS = {"24 hours": timedelta(hours=24), "7 days": timedelta(days=7), "30 days": timedelta(days=30)}
_CONCLUSIVE = (RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.MISSED)


class PublicState(Enum):
    """The state of a task or workflow, in the words of a badge."""

    PASSING = "passing"
    FAILING = "failing"
    LATE = "running late"
    MISSED = "missed"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    NEVER_RUN = "never run"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a run: its status, when it was due and when it ended."""

    status: str
    due_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class SuccessRate:
    """The runs of a period that completed and failed. It is not `exact` if there were more than were read."""

    period: str
    length: timedelta
    completed: int
    failed: int
    exact: bool = True

    @property
    def percent(self) -> float | None:
        """The share of completed runs in percent, rounded down so that 100 means all; None without runs."""
        total = self.completed + self.failed
        return int(1000 * self.completed / total) / 10 if total else None


@dataclass(frozen=True, slots=True)
class PublicStatus:
    """What is shown. `outcomes` are at most 50, the latest last. `failing_since` is None unless an alert is open."""

    title: str
    state: PublicState
    outcomes: Sequence[Outcome]
    rates: Sequence[SuccessRate]
    failing_since: datetime | None
    shown_at: datetime

    @property
    def last_run_at(self) -> datetime | None:
        """The time at which the latest run that took place ended; None before that."""
        ends = [each.ended_at for each in self.outcomes if each.status in (RunStatus.COMPLETED, RunStatus.FAILED)]
        return max(ends, default=None)


def decide_state(
    *,
    is_paused: bool,
    is_cancelled: bool,
    next_run_at: datetime | None,
    outcomes: Sequence[Outcome],
    failing_since: datetime | None,
    now: datetime,
) -> PublicState:
    """Return the state: what its owner has decided comes first, then what is worst."""
    if is_cancelled:
        return PublicState.CANCELLED
    if is_paused:
        return PublicState.PAUSED
    last = next((each.status for each in reversed(outcomes) if each.status in _CONCLUSIVE), None)
    if failing_since is not None or last == RunStatus.FAILED:
        return PublicState.FAILING
    if next_run_at is not None and now - next_run_at > LATE_AFTER:
        return PublicState.LATE
    if last == RunStatus.MISSED:
        return PublicState.MISSED
    return PublicState.NEVER_RUN if last is None else PublicState.PASSING


def count_rates(outcomes: Iterable[Outcome], now: datetime, *, is_all: bool) -> list[SuccessRate]:
    """Return the success rates of these outcomes by due time. Without `is_all`, older ones were left out."""
    known = list(outcomes)
    oldest = min((each.due_at for each in known), default=now)
    return [
        _count_rate(known, name, now - length, exact=is_all or oldest <= now - length)
        for name, length in RATE_PERIODS.items()
    ]


def _count_rate(outcomes: Sequence[Outcome], period: str, since: datetime, *, exact: bool) -> SuccessRate:
    statuses = [each.status for each in outcomes if each.due_at >= since]
    completed, failed = statuses.count(RunStatus.COMPLETED), statuses.count(RunStatus.FAILED)
    return SuccessRate(period, RATE_PERIODS[period], completed, failed, exact)
