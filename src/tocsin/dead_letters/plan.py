"""Decisions about a replay: how many runs to send now, what follows from the canary, and what its progress is. Pure.

The rate limit holds for every sliding minute: at N runs a minute, at most N are sent in any 60 seconds. They are spread
evenly: a batch has at most N/60 runs, rounded up, and the next one follows when the rate allows, after at least a
second. Each batch is recorded before it is sent, so that a crash makes a replay slower, never faster.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from math import ceil

from tocsin.clock import MILLISECOND, truncate_to_milliseconds
from tocsin.dead_letters.store import DeadLetterDocument
from tocsin.documents import SETTLED_STATUSES, RunDocument, RunStatus, SkipReason, Trigger
from tocsin.tasks.retry_policy import MAX_ATTEMPTS

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
MAX_PER_MINUTE = 6_000
"""Maximum rate, in runs a minute."""
_SKEW = timedelta(seconds=15)
_COUNT_INTERVAL = timedelta(milliseconds=500)
_MAX_COUNT_INTERVAL = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class SentBatch:
    """A batch of runs that was sent, or was about to be."""

    at: datetime
    count: int


@dataclass(frozen=True, slots=True)
class SendAllowance:
    """The number of runs that may be sent now; if 0, more may be sent from `at` on."""

    count: int
    at: datetime


def compute_allowance(per_minute: int, sent: Sequence[SentBatch], now: datetime) -> SendAllowance:
    """Return how many runs may be sent now, after the batches of the last minute. Batches in the future are ignored."""
    sent = [sending for sending in sent if sending.at <= now + _SKEW]
    if sent and (free := next_send_at(per_minute, sent[-1])) > now:
        return SendAllowance(0, free)
    recent = [sending for sending in sent if sending.at > now - MINUTE]
    room = per_minute - sum(batch.count for batch in recent)
    if room <= 0:
        return SendAllowance(0, min(sending.at for sending in recent) + MINUTE)
    return SendAllowance(min(room, ceil(per_minute / 60)), now)


def next_send_at(per_minute: int, last: SentBatch) -> datetime:
    """Return the time from which more runs may follow this batch."""
    gap = max(MINUTE * last.count / per_minute, SECOND)
    return truncate_to_milliseconds(last.at + gap + MILLISECOND) if gap % MILLISECOND else last.at + gap


def append_sent(sent: Sequence[SentBatch], count: int, now: datetime) -> list[SentBatch]:
    """Return the batches of the last minute, with a new one of `count` runs."""
    return [*(sending for sending in sent if sending.at > now - MINUTE), SentBatch(now, count)]


class ReplayedRunState(Enum):
    """The state of a run in a replay. ENDED: it failed again, was cancelled, or was deleted."""

    NOT_SENT = "NOT_SENT"
    OPEN = "OPEN"
    COMPLETED = "COMPLETED"
    ENDED = "ENDED"


def find_replayed_state(run: RunDocument | None, replay: str) -> ReplayedRunState:
    """Return the state of the run in this replay. A run that was repeated since then had not succeeded."""
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
    """A decision about the rest of a replay."""

    SEND = "SEND"
    WAIT = "WAIT"
    CONTINUE = "GO_ON"
    ABORT = "GIVE_UP"


_CANARY_DECISIONS = {
    ReplayedRunState.NOT_SENT: CanaryDecision.SEND,
    ReplayedRunState.OPEN: CanaryDecision.WAIT,
    ReplayedRunState.COMPLETED: CanaryDecision.CONTINUE,
    ReplayedRunState.ENDED: CanaryDecision.ABORT,
}


def decide_on_canary(run: RunDocument | None, replay: str) -> CanaryDecision:
    """Decide from the canary's current state. The rest is sent only once the canary has COMPLETED."""
    return _CANARY_DECISIONS[find_replayed_state(run, replay)]


def explain_abort(run: RunDocument | None) -> str:
    """Return the reason, for users, why a replay failed whose canary did not complete."""
    if run is None:
        return "The canary run was deleted before it ended."
    if run["status"] == RunStatus.CANCELLED:
        return "The canary run was cancelled."
    error = run.get("error")
    message = error and error.get("message")
    return f"The canary run failed: {message}" if message else "The canary run failed again."


@dataclass(frozen=True, slots=True)
class ReplayProgress:
    """The number of runs that were sent, and of those that ended."""

    sent: int = 0
    succeeded: int = 0
    failed: int = 0

    @property
    def pending(self) -> int:
        """The number of sent runs that have not ended."""
        return self.sent - self.succeeded - self.failed


def count_progress(runs: Iterable[RunDocument], replay: str) -> ReplayProgress:
    """Count the runs of this replay by their state."""
    states = [find_replayed_state(run, replay) for run in runs]
    return ReplayProgress(len(states), states.count(ReplayedRunState.COMPLETED), states.count(ReplayedRunState.ENDED))


def next_count_at(sent: int, now: datetime) -> datetime:
    """Return when to count again. Replays of many runs are counted less often."""
    return now + min(_COUNT_INTERVAL + sent * MILLISECOND, _MAX_COUNT_INTERVAL)


@dataclass(frozen=True, slots=True)
class ReplayBatch:
    """The next dead letters of a replay: those to send, counts of skipped ones by reason, and where to continue."""

    send: list[DeadLetterDocument]
    skips: dict[str, int]
    last: DeadLetterDocument


def plan_batch(rows: Sequence[DeadLetterDocument], tasks: Collection[str], replay: str, limit: int) -> ReplayBatch:
    """Plan the next batch from the next dead letters (at least one): up to `limit` runs to send."""
    send: list[DeadLetterDocument] = []
    skips: dict[str, int] = {}
    last = rows[0]
    for row in rows:
        reason = find_skip_reason(row, tasks)
        is_sent = reason is None and not _is_in_replay(row, replay)
        if is_sent and len(send) >= limit:
            break
        last = row
        if is_sent:
            send.append(row)
        elif reason is not None:
            skips[reason] = skips.get(reason, 0) + 1
    return ReplayBatch(send, skips, last)


def find_skip_reason(row: DeadLetterDocument, tasks: Collection[str]) -> SkipReason | None:
    """Return why this dead letter is skipped, or None. `tasks` are the IDs of existing tasks."""
    if row["trigger"] == Trigger.WORKFLOW:
        return SkipReason.WORKFLOW_STEP
    if row["task"] not in tasks:
        return SkipReason.TASK_DELETED
    return SkipReason.ATTEMPTS_USED_UP if row["attempted"] >= MAX_ATTEMPTS else None


def _is_in_replay(row: DeadLetterDocument, replay: str) -> bool:
    return any(entry.get("replay") == replay for entry in row.get("replays") or ())


def merge_skips(skips: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    """Add both counts by reason."""
    return {reason: skips.get(reason, 0) + more.get(reason, 0) for reason in {**skips, **more}}
