"""How a replay goes on: how many runs may be sent now, what the canary's end decides, what has become of what was sent.

Pure. The rate holds for every span of a minute, wherever it begins: of N runs a minute at most N are sent in any 60
seconds. They are spread evenly: at most N/60, rounded up, go at once, and then nothing for as long as they take at this
rate, at least a second. Each sending is written before its runs are sent, so a crash makes a replay slower, never
quicker.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from math import ceil

from tocsin.clock import MILLISECOND, truncate_to_milliseconds
from tocsin.dead_letters.filter import DeadLetterDocument
from tocsin.documents import SETTLED_STATUSES, RunDocument, RunStatus, SkipReason, Trigger
from tocsin.tasks.retry_policy import MAX_ATTEMPTS

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
MAX_PER_MINUTE = 6_000
"""Runs a minute."""
_SKEW = timedelta(seconds=15)
_LOOK = timedelta(milliseconds=500)
_SLOWEST_LOOK = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class SentBatch:
    """So many runs were, or were about to be, sent at once."""

    at: datetime
    count: int


@dataclass(frozen=True, slots=True)
class SendAllowance:
    """So many may be sent now; if none, more from `at` on."""

    count: int
    at: datetime


def compute_allowance(per_minute: int, sent: Sequence[SentBatch], now: datetime) -> SendAllowance:
    """Return how many may be sent now, after those of the last minute. What was sent after now counts no longer."""
    sent = [sending for sending in sent if sending.at <= now + _SKEW]
    if sent and (free := next_send_at(per_minute, sent[-1])) > now:
        return SendAllowance(0, free)
    recent = [sending for sending in sent if sending.at > now - MINUTE]
    left = per_minute - sum(sending.count for sending in recent)
    if left <= 0:
        return SendAllowance(0, min(sending.at for sending in recent) + MINUTE)
    return SendAllowance(min(left, ceil(per_minute / 60)), now)


def next_send_at(per_minute: int, last: SentBatch) -> datetime:
    """When more may follow this."""
    gap = max(MINUTE * last.count / per_minute, SECOND)
    return truncate_to_milliseconds(last.at + gap + MILLISECOND) if gap % MILLISECOND else last.at + gap


def append_sent(sent: Sequence[SentBatch], count: int, now: datetime) -> list[SentBatch]:
    """What must be known of the last minute, after so many more."""
    return [*(sending for sending in sent if sending.at > now - MINUTE), SentBatch(now, count)]


class ReplayedRunState(Enum):
    """What has become of a run in a replay. ENDED: it failed again, was cancelled, or is gone."""

    NOT_SENT = "NOT_SENT"
    OPEN = "OPEN"
    COMPLETED = "COMPLETED"
    ENDED = "ENDED"


def find_replayed_state(run: RunDocument | None, replay: str) -> ReplayedRunState:
    """What has become of this run in this replay. One that was done again since had not succeeded."""
    if run is None:
        return ReplayedRunState.ENDED
    rounds = [entry["round"] for entry in run.get("replays") or () if entry["replay"] == replay]
    if not rounds:
        return ReplayedRunState.NOT_SENT
    if run["round"] > rounds[-1]:
        return ReplayedRunState.ENDED
    status = RunStatus(run["status"])
    if status is RunStatus.COMPLETED:
        return ReplayedRunState.COMPLETED
    return ReplayedRunState.ENDED if status in SETTLED_STATUSES else ReplayedRunState.OPEN


class CanaryDecision(Enum):
    """What follows from the canary."""

    SEND = "SEND"
    WAIT = "WAIT"
    CONTINUE = "GO_ON"
    ABORT = "GIVE_UP"


_FOLLOWS = {
    ReplayedRunState.NOT_SENT: CanaryDecision.SEND,
    ReplayedRunState.OPEN: CanaryDecision.WAIT,
    ReplayedRunState.COMPLETED: CanaryDecision.CONTINUE,
    ReplayedRunState.ENDED: CanaryDecision.ABORT,
}


def decide_on_canary(run: RunDocument | None, replay: str) -> CanaryDecision:
    """What follows from the canary as it is now. The rest is sent only once it has COMPLETED."""
    return _FOLLOWS[find_replayed_state(run, replay)]


def explain_abort(run: RunDocument | None) -> str:
    """The reason, for people, of a replay whose canary did not complete."""
    if run is None:
        return "The canary run was deleted before it ended."
    if run["status"] == RunStatus.CANCELLED:
        return "The canary run was cancelled."
    error = run.get("error")
    message = error and error.get("message")
    return f"The canary run failed: {message}" if message else "The canary run failed again."


@dataclass(frozen=True, slots=True)
class ReplayProgress:
    """How many runs were sent, and what has become of them."""

    sent: int = 0
    succeeded: int = 0
    failed: int = 0

    @property
    def pending(self) -> int:
        """How many have not ended."""
        return self.sent - self.succeeded - self.failed


def count_progress(runs: Iterable[RunDocument], replay: str) -> ReplayProgress:
    """Counted from the runs that name this replay."""
    fates = [find_replayed_state(run, replay) for run in runs]
    return ReplayProgress(len(fates), fates.count(ReplayedRunState.COMPLETED), fates.count(ReplayedRunState.ENDED))


def next_count_at(sent: int, now: datetime) -> datetime:
    """When to count again: a replay of many runs is counted less often."""
    return now + min(_LOOK + sent * MILLISECOND, _SLOWEST_LOOK)


@dataclass(frozen=True, slots=True)
class ReplayBatch:
    """What is to be done with the next dead letters: send these, leave out those, and go on after `last`."""

    send: list[DeadLetterDocument]
    skips: dict[str, int]
    last: DeadLetterDocument


def plan_batch(rows: Sequence[DeadLetterDocument], tasks: Collection[str], replay: str, most: int) -> ReplayBatch:
    """Of the next dead letters (there is at least one) those up to the last that may be sent now."""
    send: list[DeadLetterDocument] = []
    skips: dict[str, int] = {}
    last = rows[0]
    for row in rows:
        reason = find_skip_reason(row, tasks)
        takes = reason is None and not _is_named(row, replay)
        if takes and len(send) >= most:
            break
        last = row
        if takes:
            send.append(row)
        elif reason is not None:
            skips[reason] = skips.get(reason, 0) + 1
    return ReplayBatch(send, skips, last)


def find_skip_reason(row: DeadLetterDocument, tasks: Collection[str]) -> SkipReason | None:
    """Why this dead letter is left out; None if it is not. `tasks` are those that are there, by id."""
    if row["trigger"] == Trigger.WORKFLOW:
        return SkipReason.WORKFLOW_STEP
    if row["task"] not in tasks:
        return SkipReason.TASK_DELETED
    return SkipReason.ATTEMPTS_USED_UP if row["attempted"] >= MAX_ATTEMPTS else None


def _is_named(row: DeadLetterDocument, replay: str) -> bool:
    return any(entry.get("replay") == replay for entry in row.get("replays") or ())


def merge_skips(skips: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    """Both counts together."""
    return {reason: skips.get(reason, 0) + more.get(reason, 0) for reason in {**skips, **more}}
