"""The replayer sends dead letters again: the canary first, then the others at the rate that the owner chose.

A process works on a replay under a short lease, one step at a time: record a batch, send its runs, move the cursor. A
run is sent by an update that is conditional on its round, so it is never sent twice. The run names the replay, so that
after a crash at any point it is known what was sent.
"""

from datetime import datetime, timedelta
from typing import Any

from pymongo.errors import PyMongoError

from tocsin import clock, telemetry
from tocsin.dead_letters import plan, replays, store
from tocsin.dead_letters.filter import DeadLetterFilter
from tocsin.dead_letters.plan import CanaryDecision, ReplayBatch
from tocsin.dead_letters.replays import SENDING_STATUSES
from tocsin.dead_letters.store import DeadLetterPosition
from tocsin.documents import Database, Doc, ReplayDocument, ReplayStatus, RunDocument, TaskDocument, owner_of
from tocsin.fair_queue import FairQueue
from tocsin.quotas.meter import UsageMeter
from tocsin.wakeups import Wakeups

REPLAY_LEASE = timedelta(seconds=5)
POLL_SECONDS = 0.5
"""Interval of looking for due replays."""
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
        self._read_ahead: dict[str, list[Doc]] = {}

    async def advance_replays(self) -> float:
        """Advance the due replays by one step. Return the seconds until the next call."""
        soonest = await self.advance_due_replays(clock.now())
        wait = POLL_SECONDS if soonest is None else min(POLL_SECONDS, (soonest - clock.now()).total_seconds())
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
            times.append(await self._advance(found[1], now))
            if len(times) >= owners and abs(clock.now() - began_at) >= MAX_PASS and len(waiting):
                return clock.now()
        return min((at for at in times if at is not None), default=None)

    async def _advance(self, replay_id: str, now: datetime) -> datetime | None:
        """Lease a replay, advance it by one step, release it. After an error, the lease is left to expire."""
        try:
            replay = await replays.claim_replay(self._database, replay_id, now, self._lease)
            if replay is None:
                return None
            next_at = await self._step(replay)
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

    async def _step(self, replay: ReplayDocument) -> datetime | None:
        """Take the next step. Return the time of the one after it, or None if the replay is complete."""
        if replay["left"]:
            await replays.repair_sent_runs(self._database, replay)
        status = ReplayStatus(replay["status"])
        if status in SENDING_STATUSES and await self._is_inactive(replay["owner"]):
            await self._end(replay, ReplayStatus.STOPPED, _INACTIVE)
            return clock.now()
        if status is ReplayStatus.CANARY:
            return await self._send_canary(replay)
        if status is ReplayStatus.RUNNING:
            return await self._send_more(replay)
        return await self._count(replay)

    async def _is_inactive(self, owner: str) -> bool:
        user = await self._database.users.find_one({"_id": owner}, {"is_active": 1})
        return user is not None and not user.get("is_active", True)

    # --- canary -----------------------------------------------------------------------------------------------------

    async def _send_canary(self, replay: ReplayDocument) -> datetime | None:
        if replay["canary_run"] is None:
            return await self._choose_canary(replay)
        run = await self._database.runs.find_one({"_id": replay["canary_run"]})
        decision = plan.decide_on_canary(run, replay["_id"])
        now = clock.now()
        if decision is CanaryDecision.ABORT:
            await self._end(replay, ReplayStatus.FAILED, plan.explain_abort(run))
            return now
        if decision is CanaryDecision.CONTINUE:
            await replays.update_claimed(
                self._database, replay, {"status": ReplayStatus.RUNNING.value}, [ReplayStatus.CANARY]
            )
            return now
        if decision is CanaryDecision.SEND and run is not None:
            return await self._send_chosen(replay, run)
        return plan.next_count_at(1, now)

    async def _choose_canary(self, replay: ReplayDocument) -> datetime | None:
        """Record the oldest dead letter that can be sent as the canary. The next step sends it."""
        found = await self._next_batch(replay, 1)
        if found is None:
            await replays.update_claimed(
                self._database, replay, {"status": ReplayStatus.RUNNING.value}, [ReplayStatus.CANARY]
            )
            return clock.now()
        chosen = found.send[0]["_id"] if found.send else None
        await self._change(replay, self._passed(replay, found) | {"canary_run": chosen})
        return clock.now()

    async def _send_chosen(self, replay: ReplayDocument, run: RunDocument) -> datetime:
        """Send the canary. If it is no longer a dead letter, have another one chosen."""
        letter: Any = run
        tasks = await replays.find_tasks(self._database, [letter])
        row: Any = run | {"attempted": len(run["attempts"])}
        may_go = store.is_dead_letter(run) and plan.find_skip_reason(row, tasks) is None
        if may_go and (until := self._meter.consume_runs(replay["owner"], 1, clock.now())) is not None:
            return until
        if may_go and not await replays.update_claimed(
            self._database, replay, self._sending(replay, 1), [ReplayStatus.CANARY]
        ):
            return clock.now()  # stopped, or leased by another process, in the meantime
        if may_go and await self._send(replay, [row], tasks):
            return clock.now()
        after = await self._database.runs.find_one({"_id": run["_id"]})
        if plan.decide_on_canary(after, replay["_id"]) is CanaryDecision.SEND:
            await self._change(replay, {"canary_run": None})
        return clock.now()

    # --- the others -------------------------------------------------------------------------------------------------

    async def _send_more(self, replay: ReplayDocument) -> datetime | None:
        may = plan.compute_allowance(replay["per_minute"], replays.sent_from_document(replay), clock.now())
        if not may.count:
            return may.at
        found = await self._next_batch(replay, may.count)
        if found is None:
            return await self._count(replay)
        if found.send:
            if (until := self._meter.consume_runs(replay["owner"], len(found.send), clock.now())) is not None:
                return until
            sending = self._sending(replay, len(found.send))
            if not await replays.update_claimed(self._database, replay, sending, [ReplayStatus.RUNNING]):
                return clock.now()  # stopped, or leased by another process, in the meantime
            await self._send(replay, found.send, await replays.find_tasks(self._database, found.send))
        await self._change(replay, self._passed(replay, found))
        return clock.now()

    async def _next_batch(self, replay: ReplayDocument, most: int) -> ReplayBatch | None:
        """Return the next batch of dead letters, or None if there are no more."""
        rows = await self._next_rows(replay)
        if not rows:
            return None
        return plan.plan_batch(rows, await replays.find_tasks(self._database, rows), replay["_id"], most)

    async def _next_rows(self, replay: ReplayDocument) -> list[Doc]:
        """Return the rows after the cursor, possibly read earlier: sending checks that they still are dead letters."""
        cursor_at, cursor_id = replay["cursor_at"], replay["cursor_id"]
        after = DeadLetterPosition(cursor_at, cursor_id) if cursor_at and cursor_id else None
        rows = self._read_ahead.get(replay["_id"], [])
        if after is not None:
            place = (after.finished_at, after.id)
            rows = [row for row in rows if (row["finished_at"], row["_id"]) > place]
        if not rows:
            chosen = DeadLetterFilter.from_document(replay["filter"])
            args = (self._database, replay["owner"], chosen, replay["until"], after, READ_AHEAD)
            rows = await store.list_dead_letters(*args)
        self._read_ahead[replay["_id"]] = rows
        return rows

    async def _send(self, replay: ReplayDocument, rows: list[Doc], tasks: dict[str, TaskDocument]) -> int:
        there = [row for row in rows if row["task"] in tasks]
        sent = await replays.requeue_runs(self._database, replay, there, tasks, clock.now()) if there else 0
        self._wakeups.runs_queued()
        return sent

    # --- stored state ----------------------------------------------------------------------------------------------

    async def _change(self, replay: ReplayDocument, changes: Doc) -> bool:
        return await replays.update_claimed(self._database, replay, changes | {"updated_at": clock.now()})

    def _sending(self, replay: ReplayDocument, count: int) -> Doc:
        return {
            "recent": replays.sent_to_documents(
                plan.append_sent(replays.sent_from_document(replay), count, clock.now())
            )
        }

    def _passed(self, replay: ReplayDocument, found: ReplayBatch) -> Doc:
        skips = plan.merge_skips(replay["skips"], found.skips)
        return {"cursor_at": found.last["finished_at"], "cursor_id": found.last["_id"], "skips": skips}

    async def _end(self, replay: ReplayDocument, status: ReplayStatus, reason: str | None) -> None:
        now = clock.now()
        changes = {"status": status.value, "reason": reason, "finished_at": now, "updated_at": now}
        await replays.update_claimed(self._database, replay, changes, SENDING_STATUSES)

    async def _count(self, replay: ReplayDocument) -> datetime | None:
        """Count the outcomes after everything was sent, and complete the replay once all of its runs have ended."""
        now, tally = clock.now(), await replays.load_progress(self._database, replay)
        changes: Doc = {"sent": tally.sent, "succeeded": tally.succeeded, "failed": tally.failed, "updated_at": now}
        if tally.pending:
            await replays.update_claimed(self._database, replay, changes)
            return plan.next_count_at(tally.sent, now)
        changes |= {"open": False, "claim": None, "lease_until": clock.EPOCH}
        status = ReplayStatus(replay["status"])
        if status is ReplayStatus.RUNNING:
            changes |= {"status": ReplayStatus.COMPLETED.value, "finished_at": now}
        closed = await replays.update_claimed(self._database, replay, changes, [status])
        return None if closed else now
