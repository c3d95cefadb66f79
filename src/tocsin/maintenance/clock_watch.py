"""Detection of a clock that was set back, and correction of stored times that lie too far ahead.

A time stored while the clock was ahead must not delay anything for longer than intended. Due times are an exception:
those that have passed have had their runs, so a task waits until the clock reaches the next one. The log and `/ready`
report this, since nothing else would explain the wait.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from pymongo import UpdateOne

from tocsin import clock, telemetry
from tocsin.accounts.links import LIFETIMES
from tocsin.documents import Database, Filter, KeyKind, RunStatus
from tocsin.documents.updates import Pipeline, change_when, has_value
from tocsin.keys.rotation import DATA_KEY_RETENTION
from tocsin.notifications.channels.answers import MAX_WAIT
from tocsin.notifications.channels.live.channel import MAX_FALLBACK
from tocsin.notifications.delivery_attempts import MAX_RETRY_DELAY
from tocsin.tasks.ranking import rank_expression

MAX_SKEW = timedelta(seconds=15)
"""Tolerance for stored times: the clocks of several servers differ slightly."""
CHECK_INTERVAL_SECONDS = 1.0
_STEP = 2.0
_REPLAY_LOOK = timedelta(minutes=1)
_IS_LIVE: Filter = {"status": "QUEUED", "acknowledge_by": {"$ne": None}}
log = telemetry.get_logger(__name__)


class ClockWatch:
    """A watch on the system clock, which it compares with the monotonic clock."""

    def __init__(
        self, database: Database, session_lifetime: timedelta, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._session_lifetime = session_lifetime
        self._monotonic = monotonic
        self._offset = self._measure()
        self._ahead_until = clock.EPOCH

    @property
    def warning(self) -> str | None:
        """A warning while tasks wait because the clock was set back, else None."""
        now = clock.now()
        if self._ahead_until <= now:
            return None
        return (
            f"The clock was set back by at least {(self._ahead_until - now).total_seconds():.0f} s. Tasks and workflows"
            f" that ran after that time wait until {self._ahead_until.isoformat(timespec='seconds')}."
        )

    async def start(self) -> None:
        """Check whether the clock is behind the last use of this database."""
        await self._correct_times()

    async def check(self) -> None:
        """Check whether the clock was set back since the last call. Call it every second."""
        offset = self._measure()
        if offset < self._offset - _STEP:
            log.warning("the clock was set back", seconds=round(self._offset - offset))
            await self._correct_times()
        self._offset = offset

    def _measure(self) -> float:
        return clock.now().timestamp() - self._monotonic()

    async def _correct_times(self) -> None:
        now = clock.now()
        await clamp_future_times(self._database, now, self._session_lifetime)
        self._ahead_until = max(
            [await _last_due(self._database, collection, now) for collection in ("tasks", "workflows")]
        )
        if self.warning is not None:
            log.warning("tasks wait because the clock was set back", reason=self.warning)


async def _last_due(database: Database, collection: str, now: datetime) -> datetime:
    """Return the latest due time in the future that has had its run, or the epoch. Reads the collection once."""
    ahead = database.db[collection].find({"last_due_at": {"$gt": now + MAX_SKEW}}, {"last_due_at": 1})
    return max([each["last_due_at"] async for each in ahead], default=clock.EPOCH)


async def clamp_future_times(database: Database, now: datetime, session_lifetime: timedelta) -> None:
    """Move stored times that lie too far ahead to the latest time that they can validly have."""
    for collection, filter_, field, longest in _list_stored_times(session_lifetime):
        latest = now + longest
        too_late = {**filter_, field: {"$gt": latest + MAX_SKEW}}
        await database.db[collection].update_many(too_late, {"$set": {field: latest}})
    await _requeue_future_runs(database, now)
    await _shorten_future_retries(database, now)
    database.changes.changes_lost()


def _list_stored_times(session_lifetime: timedelta) -> list[tuple[str, Filter, str, timedelta]]:
    """Return the collection, filter, field and maximum distance from now of each stored time."""
    return [
        ("sessions", {}, "expires_at", session_lifetime),
        *(("links", {"purpose": purpose.value}, "expires_at", good_for) for purpose, good_for in LIFETIMES.items()),
        ("keys", {"kind": KeyKind.DATA.value}, "retire_at", DATA_KEY_RETENTION),
        ("idempotency_keys", {}, "created_at", timedelta()),
        ("deliveries", {"status": "QUEUED", "acknowledge_by": None}, "next_try_at", MAX_RETRY_DELAY * 1.2),
        *(("deliveries", _IS_LIVE, field, MAX_FALLBACK) for field in ("next_try_at", "acknowledge_by")),
        ("notification_channels", {}, "retry_at", MAX_WAIT),
        ("replays", {"open": True}, "next_at", _REPLAY_LOOK),
        ("replays", {"open": True}, "lease_until", _REPLAY_LOOK),
    ]


async def _requeue_future_runs(database: Database, now: datetime) -> None:
    """Requeue at `now` the runs that were queued in the future, which all other runs would overtake."""
    ahead = {"status": RunStatus.QUEUED, "ready_at": {"$gt": now + MAX_SKEW}}
    place: Pipeline = [{"$set": {"queued_at": now, "ready_at": now}}, {"$set": {"rank": rank_expression()}}]
    await database.runs.update_many(ahead, place)


async def _shorten_future_retries(database: Database, now: datetime) -> None:
    """Restart from `now` the wait of retries whose attempt ended in the future."""
    updates = []
    waiting = database.runs.find(
        {"status": RunStatus.RETRY, "retry_at": {"$gt": now + MAX_SKEW}},
        {"retry_at": 1, "attempts.finished_at": 1},
    )
    async for run in waiting:
        retry_at = run.get("retry_at")
        ended = run["attempts"][-1].get("finished_at") if run["attempts"] else None
        if retry_at is not None and ended is not None and ended > now + MAX_SKEW:
            sooner = change_when(has_value("retry_at", retry_at), {"retry_at": now + (retry_at - ended)})
            updates.append(UpdateOne({"_id": run["_id"]}, [sooner]))
    if updates:
        await database.runs.bulk_write(updates, ordered=False)
