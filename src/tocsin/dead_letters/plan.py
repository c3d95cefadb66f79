"""How a replay goes on: how many runs may be sent now, what the canary's end decides, what has become of what was sent.

Pure. The rate holds for every span of a minute, wherever it begins: of N runs a minute at most N are sent in any 60
seconds. They are spread evenly: at most N/60, rounded up, go at once, and then nothing for as long as they take at this
rate, at least a second. Each sending is written before its runs are sent, so a crash makes a replay slower, never
quicker.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from math import ceil

from tocsin.clock import MILLISECOND, to_milliseconds
from tocsin.documents import SETTLED, Doc, RunStatus, SkipReason, Trigger
from tocsin.tasks.retry_policy import MAX_ATTEMPTS

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
FASTEST = 6_000
"""Runs a minute."""
_SKEW = timedelta(seconds=15)
_LOOK = timedelta(milliseconds=500)
_SLOWEST_LOOK = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Sending:
    """So many runs were, or were about to be, sent at once."""

    at: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many may be sent now; if none, more from `at` on."""

    count: int
    at: datetime


def allowance(per_minute: int, sent: Sequence[Sending], now: datetime) -> Allowance:
    """Return how many may be sent now, after those of the last minute. What was sent after now counts no longer."""
    sent = [sending for sending in sent if sending.at <= now + _SKEW]
    if sent and (free := free_at(per_minute, sent[-1])) > now:
        return Allowance(0, free)
    recent = [sending for sending in sent if sending.at > now - MINUTE]
    left = per_minute - sum(sending.count for sending in recent)
    if left <= 0:
        return Allowance(0, min(sending.at for sending in recent) + MINUTE)
    return Allowance(min(left, ceil(per_minute / 60)), now)


def free_at(per_minute: int, last: Sending) -> datetime:
    """When more may follow this."""
    gap = max(MINUTE * last.count / per_minute, SECOND)
    return to_milliseconds(last.at + gap + MILLISECOND) if gap % MILLISECOND else last.at + gap


def noted(sent: Sequence[Sending], count: int, now: datetime) -> list[Sending]:
    """What must be known of the last minute, after so many more."""
    return [*(sending for sending in sent if sending.at > now - MINUTE), Sending(now, count)]


class Fate(Enum):
    """What has become of a run in a replay. ENDED: it failed again, was cancelled, or is gone."""

    NOT_SENT = "NOT_SENT"
    OPEN = "OPEN"
    COMPLETED = "COMPLETED"
    ENDED = "ENDED"


def fate(run: Doc | None, replay: str) -> Fate:
    """What has become of this run in this replay. One that was done again since had not succeeded."""
    if run is None:
        return Fate.ENDED
    rounds = [entry["round"] for entry in run.get("replays") or () if entry["replay"] == replay]
    if not rounds:
        return Fate.NOT_SENT
    if run["round"] > rounds[-1]:
        return Fate.ENDED
    status = RunStatus(run["status"])
    if status is RunStatus.COMPLETED:
        return Fate.COMPLETED
    return Fate.ENDED if status in SETTLED else Fate.OPEN


class CanaryVerdict(Enum):
    """What follows from the canary."""

    SEND = "SEND"
    WAIT = "WAIT"
    GO_ON = "GO_ON"
    GIVE_UP = "GIVE_UP"


_FOLLOWS = {
    Fate.NOT_SENT: CanaryVerdict.SEND,
    Fate.OPEN: CanaryVerdict.WAIT,
    Fate.COMPLETED: CanaryVerdict.GO_ON,
    Fate.ENDED: CanaryVerdict.GIVE_UP,
}


def after_canary(run: Doc | None, replay: str) -> CanaryVerdict:
    """What follows from the canary as it is now. The rest is sent only once it has COMPLETED."""
    return _FOLLOWS[fate(run, replay)]


def why_given_up(run: Doc | None) -> str:
    """The reason, for people, of a replay whose canary did not complete."""
    if run is None:
        return "The canary run was deleted before it ended."
    if run["status"] == RunStatus.CANCELLED.value:
        return "The canary run was cancelled."
    message = (run.get("error") or {}).get("message")
    return f"The canary run failed: {message}" if message else "The canary run failed again."


@dataclass(frozen=True, slots=True)
class Tally:
    """How many runs were sent, and what has become of them."""

    sent: int = 0
    succeeded: int = 0
    failed: int = 0

    @property
    def pending(self) -> int:
        """How many have not ended."""
        return self.sent - self.succeeded - self.failed


def tally(runs: Iterable[Doc], replay: str) -> Tally:
    """Counted from the runs that name this replay."""
    fates = [fate(run, replay) for run in runs]
    return Tally(len(fates), fates.count(Fate.COMPLETED), fates.count(Fate.ENDED))


def next_look(sent: int, now: datetime) -> datetime:
    """When to count again: a replay of many runs is counted less often."""
    return now + min(_LOOK + sent * MILLISECOND, _SLOWEST_LOOK)


@dataclass(frozen=True, slots=True)
class Portion:
    """What is to be done with the next dead letters: send these, leave out those, and go on after `last`."""

    send: list[Doc]
    skips: dict[str, int]
    last: Doc


def portion(rows: Sequence[Doc], tasks: Mapping[str, Doc], replay: str, most: int) -> Portion:
    """Of the next dead letters (there is at least one) those up to the last that may be sent now."""
    send: list[Doc] = []
    skips: dict[str, int] = {}
    last = rows[0]
    for row in rows:
        reason = skipped(row, tasks)
        takes = reason is None and not _is_named(row, replay)
        if takes and len(send) >= most:
            break
        last = row
        if takes:
            send.append(row)
        elif reason is not None:
            skips[reason.value] = skips.get(reason.value, 0) + 1
    return Portion(send, skips, last)


def skipped(row: Doc, tasks: Mapping[str, Doc]) -> SkipReason | None:
    """Why this dead letter is left out; None if it is not. `tasks` are those that are there, by id."""
    if row["trigger"] == Trigger.WORKFLOW.value:
        return SkipReason.WORKFLOW_STEP
    if row["task"] not in tasks:
        return SkipReason.TASK_DELETED
    return SkipReason.ATTEMPTS_USED_UP if row["attempted"] >= MAX_ATTEMPTS else None


def _is_named(row: Doc, replay: str) -> bool:
    return any(entry.get("replay") == replay for entry in row.get("replays") or ())


def added(skips: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    """Both counts together."""
    return {reason: skips.get(reason, 0) + more.get(reason, 0) for reason in {**skips, **more}}
