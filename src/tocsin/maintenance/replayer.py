"""The replayer sends dead letters again: the canary first, then the others at the rate that the owner chose.

A process works on a replay under a short lease, one step at a time: record a batch, send its runs, move the cursor. A
run is sent by an update that is conditional on its round, so it is never sent twice. The run names the replay, so that
after a crash at any point it is known what was sent.
"""

from datetime import datetime, timedelta

from pymongo.errors import PyMongoError

from tocsin import clock, telemetry
from tocsin.dead_letters import plan, replays, store
from tocsin.dead_letters.filter import DeadLetterFilter
from tocsin.dead_letters.plan import CanaryDecision, ReplayBatch
from tocsin.dead_letters.replays import SENDING_STATUSES
from tocsin.dead_letters.store import DeadLetterDocument, DeadLetterPosition
from tocsin.documents import Database, ReplayChanges, ReplayDocument, ReplayStatus, RunDocument, TaskDocument, owner_of
from tocsin.fair_queue import FairQueue
from tocsin.notifications.deliveries import notify
from tocsin.notifications.outcome_events import ReplayEnded
from tocsin.quotas.meter import UsageMeter
from tocsin.wakeups import Wakeups

REPLAY_LEASE = timedelta(seconds=5)
POLL_SECONDS = 0.5
"""Interval of looking for due replays, while there has been one within the longest distance of two steps."""
IDLE_POLL_SECONDS = 5.0
"""Interval while there has been none. A new one is announced; one whose process died waits so long."""
_ACTIVE = timedelta(minutes=1)
MAX_PASS = timedelta(milliseconds=250)
"""Time after which a pass ends, once each owner has had a turn."""
READ_AHEAD = 500
"""Number of dead letters to read at once."""
_INACTIVE = "The account of the replay's owner was deactivated."
log = telemetry.get_logger(__name__)


class Replayer:
    """Advances the replays that this process can lease."""

    def __init__(
        self,
        database: Database,
        wakeups: Wakeups,
        lease: timedelta = REPLAY_LEASE,
        meter: UsageMeter | None = None,
    ) -> None:
        self._database = database
        self._meter = meter or UsageMeter()
        self._wakeups = wakeups
        self._lease = lease
        self._read_ahead: dict[str, list[DeadLetterDocument]] = {}
        self._advanced_at = clock.EPOCH

    async def advance_replays(self) -> float:
        """Advance the due replays by one step. Return the seconds until the next call."""
        now = clock.now()
        soonest = await self.advance_due_replays(now)
        poll = POLL_SECONDS if abs(now - self._advanced_at) < _ACTIVE else IDLE_POLL_SECONDS
        wait = poll if soonest is None else min(poll, (soonest - clock.now()).total_seconds())
        return max(wait, 0.005)

    async def advance_due_replays(self, now: datetime) -> datetime | None:
        """Advance each due replay by one step, owners in turn. Return the time of the next call, or None.

        A long pass ends early, but not before each owner has had a turn, so that no owner waits for all replays of
        another.
        """
        waiting: FairQueue[str] = FairQueue()
        for place, replay_id in enumerate(await replays.find_due_replays(self._database, now)):
            waiting.add(owner_of(replay_id), replay_id, place, replay_id)
        times: list[datetime | None] = []
        owners, began_at = len(waiting.owners()), clock.now()
        while (found := waiting.pop()) is not None:
            self._advanced_at = now
            times.append(await self._advance_replay(found[1], now))
            if len(times) >= owners and abs(clock.now() - began_at) >= MAX_PASS and len(waiting):
                return clock.now()
        return min((at for at in times if at is not None), default=None)

    async def _advance_replay(self, replay_id: str, now: datetime) -> datetime | None:
        """Lease a replay, advance it by one step, release it. After an error, the lease is left to expire."""
        try:
            replay = await replays.claim_replay(self._database, replay_id, now, self._lease)
            if replay is None:
                return None
            next_at = await self._take_step(replay)
            if next_at is None:
                self._read_ahead.pop(replay_id, None)
            else:
                await replays.release_replay(self._database, replay, next_at)
            return next_at
        except PyMongoError as error:
            log.warning("replay not advanced, retrying", replay=replay_id, error=str(error)[:300])
        except Exception:
            log.exception("replay step failed", replay=replay_id)
        self._read_ahead.pop(replay_id, None)
        return None

    async def _take_step(self, replay: ReplayDocument) -> datetime | None:
        """Take the next step. Return the time of the one after it, or None if the replay is complete."""
        if replay["left"]:
            await replays.repair_sent_runs(self._database, replay)
        status = ReplayStatus(replay["status"])
        if status in SENDING_STATUSES and await self._is_inactive(replay["owner"]):
            await self._end_replay(replay, ReplayStatus.STOPPED, _INACTIVE)
            return clock.now()
        if status is ReplayStatus.CANARY:
            return await self._send_canary(replay)
        if status is ReplayStatus.RUNNING:
            return await self._send_more(replay)
        return await self._count_outcomes(replay)

    async def _is_inactive(self, owner: str) -> bool:
        user = await self._database.users.find_one({"_id": owner}, {"is_active": 1})
        return user is not None and not user.get("is_active", True)

    # --- canary -----------------------------------------------------------------------------------------------------

    async def _send_canary(self, replay: ReplayDocument) -> datetime | None:
        if replay["canary_run"] is None:
            return await self._choose_canary(replay)
        run = await self._database.runs.find_one({"_id": replay["canary_run"]})
        match plan.decide_on_canary(run, replay["_id"]):
            case CanaryDecision.ABORT:
                await self._end_replay(replay, ReplayStatus.FAILED, plan.explain_abort(run))
            case CanaryDecision.CONTINUE:
                await self._begin_sending(replay)
            case CanaryDecision.SEND if run is not None:
                return await self._send_chosen(replay, run)
            case _:
                return plan.next_count_at(1, clock.now())
        return clock.now()

    async def _choose_canary(self, replay: ReplayDocument) -> datetime:
        """Record the oldest dead letter that can be sent as the canary. The next step sends it."""
        batch = await self._next_batch(replay, 1)
        if batch is None:
            await self._begin_sending(replay)
        else:
            chosen = batch.send[0]["_id"] if batch.send else None
            await self._update(replay, self._cursor_after(replay, batch) | {"canary_run": chosen})
        return clock.now()

    async def _send_chosen(self, replay: ReplayDocument, run: RunDocument) -> datetime:
        """Send the canary. If it is no longer a dead letter, have another one chosen."""
        row = _as_dead_letter(run)
        tasks = {} if row is None else await replays.find_tasks(self._database, [row])
        if row is not None and plan.find_skip_reason(row, tasks) is None:
            if (retry_at := await self._reserve(replay, 1)) is not None:
                return retry_at
            if await self._send_runs(replay, [row], tasks):
                return clock.now()
        after = await self._database.runs.find_one({"_id": run["_id"]})
        if plan.decide_on_canary(after, replay["_id"]) is CanaryDecision.SEND:
            await self._update(replay, {"canary_run": None})
        return clock.now()

    async def _begin_sending(self, replay: ReplayDocument) -> None:
        running: ReplayChanges = {"status": ReplayStatus.RUNNING}
        await replays.update_claimed(self._database, replay, running, [ReplayStatus.CANARY])

    # --- the others -------------------------------------------------------------------------------------------------

    async def _send_more(self, replay: ReplayDocument) -> datetime | None:
        allowance = plan.compute_allowance(replay["per_minute"], replays.sent_from_document(replay), clock.now())
        if not allowance.count:
            return allowance.at
        batch = await self._next_batch(replay, allowance.count)
        if batch is None:
            return await self._count_outcomes(replay)
        if batch.send:
            if (retry_at := await self._reserve(replay, len(batch.send))) is not None:
                return retry_at
            await self._send_runs(replay, batch.send, await replays.find_tasks(self._database, batch.send))
        await self._update(replay, self._cursor_after(replay, batch))
        return clock.now()

    # --- a batch ----------------------------------------------------------------------------------------------------

    async def _next_batch(self, replay: ReplayDocument, limit: int) -> ReplayBatch | None:
        """Return the next batch of dead letters after the cursor, or None if there are no more.

        They were possibly read earlier: sending checks that they still are dead letters.
        """
        cursor_at, cursor_id = replay["cursor_at"], replay["cursor_id"]
        after = DeadLetterPosition(cursor_at, cursor_id) if cursor_at and cursor_id else None
        rows = self._read_ahead.get(replay["_id"], [])
        if after is not None:
            rows = [row for row in rows if (row["finished_at"], row["_id"]) > (after.finished_at, after.id)]
        if not rows:
            filter_ = DeadLetterFilter.from_document(replay["filter"])
            rows = await store.list_dead_letters(
                self._database, replay["owner"], filter_, replay["until"], after, READ_AHEAD
            )
        self._read_ahead[replay["_id"]] = rows
        if not rows:
            return None
        return plan.plan_batch(rows, await replays.find_tasks(self._database, rows), replay["_id"], limit)

    async def _reserve(self, replay: ReplayDocument, count: int) -> datetime | None:
        """Count runs towards the owner's quota and the replay's rate, before they are sent.

        Returns None, or the time to try again: when the quota allows it, or at once if the replay was stopped, or
        leased by another process, in the meantime.
        """
        now = clock.now()
        if (until := self._meter.consume_runs(replay["owner"], count, now)) is not None:
            return until
        recent = plan.append_sent(replays.sent_from_document(replay), count, now)
        changes: ReplayChanges = {"recent": replays.sent_to_documents(recent)}
        recorded = await replays.update_claimed(self._database, replay, changes, [ReplayStatus(replay["status"])])
        return None if recorded else clock.now()

    async def _send_runs(
        self, replay: ReplayDocument, rows: list[DeadLetterDocument], tasks: dict[str, TaskDocument]
    ) -> int:
        existing = [row for row in rows if row["task"] in tasks]
        sent = await replays.requeue_runs(self._database, replay, existing, tasks, clock.now()) if existing else 0
        self._wakeups.runs_queued()
        return sent

    # --- stored state ----------------------------------------------------------------------------------------------

    async def _update(self, replay: ReplayDocument, changes: ReplayChanges) -> None:
        await replays.update_claimed(self._database, replay, changes | {"updated_at": clock.now()})

    def _cursor_after(self, replay: ReplayDocument, batch: ReplayBatch) -> ReplayChanges:
        skips = plan.merge_skips(replay["skips"], batch.skips)
        return {"cursor_at": batch.last["finished_at"], "cursor_id": batch.last["_id"], "skips": skips}

    async def _end_replay(self, replay: ReplayDocument, status: ReplayStatus, reason: str | None) -> None:
        now = clock.now()
        changes: ReplayChanges = {"status": status, "reason": reason, "finished_at": now, "updated_at": now}
        await replays.update_claimed(self._database, replay, changes, SENDING_STATUSES)

    async def _count_outcomes(self, replay: ReplayDocument) -> datetime | None:
        """Count the outcomes after everything was sent, and complete the replay once all of its runs have ended."""
        now, tally = clock.now(), await replays.load_progress(self._database, replay)
        changes: ReplayChanges = {
            "sent": tally.sent,
            "succeeded": tally.succeeded,
            "failed": tally.failed,
            "updated_at": now,
        }
        if tally.pending:
            await replays.update_claimed(self._database, replay, changes)
            return plan.next_count_at(tally.sent, now)
        changes |= {"open": False, "claim": None, "lease_until": clock.EPOCH}
        status = ReplayStatus(replay["status"])
        if status is ReplayStatus.RUNNING:
            changes |= {"status": ReplayStatus.COMPLETED, "finished_at": now}
        if status is not ReplayStatus.STOPPED:  # by its owner, or with the account
            await notify(self._database, [ReplayEnded.from_replay({**replay, **changes}, now)])
        closed = await replays.update_claimed(self._database, replay, changes, [status])
        return None if closed else now


def _as_dead_letter(run: RunDocument) -> DeadLetterDocument | None:
    """Return the run as `list_dead_letters` would, or None if it is no dead letter."""
    finished_at = run.get("finished_at")
    if finished_at is None or not store.is_dead_letter(run):
        return None
    return {
        "_id": run["_id"], "task": run["task"], "trigger": run["trigger"], "round": run["round"],
        "finished_at": finished_at, "replays": run.get("replays") or [], "attempted": len(run["attempts"]),
    }  # fmt: skip
