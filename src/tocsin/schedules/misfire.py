"""Misfires: due times that passed while no process could run them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypedDict

from tocsin.clock import MILLISECOND
from tocsin.errors import InvalidInput
from tocsin.schedules.due import count_due, latest_due, next_due
from tocsin.schedules.schedule import Schedule

MAX_ON_TIME_RUNS = 100
"""Maximum number of due times within the grace period that run."""
MAX_CATCH_UP_RUNS = 1000
MAX_GRACE = timedelta(days=366)


class MisfirePolicy(StrEnum):
    """The policy for missed due times. Those that do not run are recorded as one gap."""

    RUN_ONCE = "RUN_ONCE"
    """Run the latest missed due time."""
    RUN_ALL = "RUN_ALL"
    """Run the latest `max_runs` missed due times."""
    SKIP = "SKIP"
    """Run none, except the latest if it is still within the grace period."""


class MisfireDocument(TypedDict):
    """The stored form of a misfire policy."""

    policy: MisfirePolicy
    grace_ms: int
    max_runs: int


@dataclass(frozen=True, slots=True)
class Misfire:
    """A misfire policy, with the delay that still counts as on time, and the maximum number of runs for RUN_ALL."""

    policy: MisfirePolicy = MisfirePolicy.RUN_ONCE
    grace: timedelta = timedelta(minutes=1)
    max_runs: int = 100

    def to_document(self) -> MisfireDocument:
        """Return the stored form, with the grace period in milliseconds."""
        grace_ms = self.grace // MILLISECOND
        return {"policy": self.policy, "grace_ms": grace_ms, "max_runs": self.max_runs}

    @classmethod
    def from_document(cls, doc: MisfireDocument) -> "Misfire":
        """Return the policy from its stored form."""
        return cls(MisfirePolicy(doc["policy"]), doc["grace_ms"] * MILLISECOND, doc["max_runs"])


def validate_misfire(misfire: Misfire) -> None:
    """Validate a policy. Raises InvalidInput with the path ("grace",) or ("maxRuns",)."""
    if not timedelta() <= misfire.grace <= MAX_GRACE:
        raise InvalidInput("grace must be from PT0S to P366D.", "grace")
    if misfire.grace % MILLISECOND:
        raise InvalidInput("grace must be in whole milliseconds.", "grace")
    if not 1 <= misfire.max_runs <= MAX_CATCH_UP_RUNS:
        raise InvalidInput(f"maxRuns must be 1 to {MAX_CATCH_UP_RUNS}.", "maxRuns")


@dataclass(frozen=True, slots=True)
class Gap:
    """A range of due times that do not run: the first, the last (`until`), and their number."""

    first: datetime
    until: datetime
    count: int


@dataclass(frozen=True, slots=True)
class DuePlan:
    """A plan for the due times up to now: those that run (oldest first), those that are missed, and the next one."""

    runs: tuple[datetime, ...]
    missed: Gap | None
    next_due: datetime | None


DueSpan = tuple[datetime, datetime]
"""The first and the last due time that a stored run represents."""


def plan_due_times(schedule: Schedule, due: datetime, now: datetime, misfire: Misfire) -> DuePlan:
    """Plan all due times from `due` (the stored next one) to `now`: each is run or in the gap.

    `due` itself always counts, even if the edited schedule does not contain it. If it is at most `misfire.grace` late,
    all are on time and run (the newest MAX_ON_TIME_RUNS at most); otherwise the policy applies. The work is bounded by
    the number of runs, not of due times.
    """
    if due > now:
        return DuePlan((), None, due)
    following = next_due(schedule, due)
    if following is None or following > now:  # by far the most frequent case: only `due` itself
        is_run = now - due <= misfire.grace or misfire.policy is not MisfirePolicy.SKIP
        return DuePlan((due,), None, following) if is_run else DuePlan((), Gap(due, due, 1), following)
    runs = _newest_due_times(schedule, due, now, _max_runs(schedule, due, now, misfire))
    return DuePlan(runs, _find_gap(schedule, due, now, runs), next_due(schedule, now))


def skip_due_times(schedule: Schedule, due: datetime, until: datetime) -> tuple[Gap, datetime | None]:
    """Return the due times from `due` until before `until` as a gap, and the next due time.

    `due` itself always counts.
    """
    last = max(due, until - MILLISECOND)
    return Gap(due, _last_due(schedule, due, last), 1 + count_due(schedule, due, last)), next_due(schedule, last)


def exclude_covered(
    schedule: Schedule, plan: DuePlan, covered: Sequence[DueSpan]
) -> tuple[tuple[datetime, ...], tuple[Gap, ...]]:
    """Return the runs and gaps of a plan without the due times that stored runs already represent.

    `covered` is in chronological order. A gap is split where it contains a covered span.
    """
    runs = tuple(due for due in plan.runs if not any(first <= due <= last for first, last in covered))
    return runs, () if plan.missed is None else tuple(_split_gap(schedule, plan.missed, covered))


def _split_gap(schedule: Schedule, gap: Gap, covered: Sequence[DueSpan]) -> Iterator[Gap]:
    first: datetime | None = gap.first
    for start, end in covered:
        if first is None or first > gap.until:
            return
        if end < first:
            continue
        if first < start <= gap.until:
            yield _gap_until(schedule, first, start - MILLISECOND)
        first = next_due(schedule, end) if start <= gap.until else first
    if first is not None and first <= gap.until:
        yield _gap_until(schedule, first, gap.until)


def _gap_until(schedule: Schedule, first: datetime, at: datetime) -> Gap:
    return Gap(first, _last_due(schedule, first, at), 1 + count_due(schedule, first, at))


def _max_runs(schedule: Schedule, due: datetime, now: datetime, misfire: Misfire) -> int:
    """Return how many of the newest due times run, at most."""
    if now - due <= misfire.grace:
        return MAX_ON_TIME_RUNS
    match misfire.policy:
        case MisfirePolicy.RUN_ONCE:
            return 1
        case MisfirePolicy.RUN_ALL:
            return misfire.max_runs
        case MisfirePolicy.SKIP:
            return int(now - _last_due(schedule, due, now) <= misfire.grace)


def _newest_due_times(schedule: Schedule, due: datetime, now: datetime, limit: int) -> tuple[datetime, ...]:
    found: list[datetime] = []
    while len(found) < limit and (not found or found[-1] > due):
        found.append(_last_due(schedule, due, found[-1] - MILLISECOND if found else now))
    return tuple(reversed(found))


def _find_gap(schedule: Schedule, due: datetime, now: datetime, runs: tuple[datetime, ...]) -> Gap | None:
    count = 1 + count_due(schedule, due, now) - len(runs)
    if count == 0:
        return None
    return Gap(due, _last_due(schedule, due, runs[0] - MILLISECOND if runs else now), count)


def _last_due(schedule: Schedule, due: datetime, at: datetime) -> datetime:
    """Return the last due time not later than `at`; `due` if the schedule has none since."""
    latest = latest_due(schedule, at)
    return due if latest is None else max(due, latest)
