"""Stored replays: creation and stopping by their owner, and the lease, batches and progress for the replayer."""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from tocsin import clock
from tocsin.dead_letters import plan, store
from tocsin.dead_letters.filter import DeadLetterFilter
from tocsin.dead_letters.plan import MAX_PER_MINUTE, ReplayedRunState, ReplayProgress, SentBatch
from tocsin.dead_letters.store import DeadLetterDocument
from tocsin.documents import (
    Database,
    Hold,
    ReplayChanges,
    ReplayDocument,
    ReplaySettings,
    ReplayStatus,
    RunDocument,
    SentBatchDocument,
    TaskDocument,
    owner_of,
    record_stored_runs,
)
from tocsin.documents.updates import Expression, all_of, change_when, has_value, is_one_of
from tocsin.errors import Conflict, InvalidInput, NotFound
from tocsin.tasks import idempotency
from tocsin.tasks import runs as task_runs

MAX_OPEN_REPLAYS = 20
"""Maximum number of open replays of one user."""
SENDING_STATUSES = (ReplayStatus.CANARY, ReplayStatus.RUNNING)
"""The statuses in which runs are still to be sent."""


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """A user's request for a replay."""

    filter: DeadLetterFilter
    canary: bool = True
    per_minute: int = 60
    settings: ReplaySettings = ReplaySettings.CURRENT

    def validate(self) -> "ReplayRequest":
        """Return the request if it is valid. Raises InvalidInput."""
        if not 1 <= self.per_minute <= MAX_PER_MINUTE:
            raise InvalidInput(f"perMinute must be 1 to {MAX_PER_MINUTE}; it is {self.per_minute}.", "perMinute")
        return self


async def create_replay(
    database: Database, owner: str, request: ReplayRequest, now: datetime, key: idempotency.IdempotentCall | None = None
) -> ReplayDocument:
    """Create a replay of the dead letters that match now. With a key that was used before, return that replay."""
    request = request.validate()

    async def insert(replay_id: str) -> None:
        await _refuse_too_many(database, owner, replay_id)
        selected = await store.count_dead_letters(database, owner, request.filter, now)
        with suppress(DuplicateKeyError):  # created by an earlier try with the same idempotency key
            await database.replays.insert_one(_build_replay(replay_id, owner, request, selected, now))

    replay_id = await idempotency.create_once(database, key, f"{owner}/r{ObjectId()}", now, insert)
    found = await find_replay(database, owner, replay_id)
    if found is None:
        raise idempotency.deleted_result("replay")
    return found


def _build_replay(replay_id: str, owner: str, request: ReplayRequest, selected: int, now: datetime) -> ReplayDocument:
    status = ReplayStatus.CANARY if request.canary else ReplayStatus.RUNNING
    return {
        "_id": replay_id, "owner": owner, "filter": request.filter.to_document(), "settings": request.settings,
        "canary": request.canary, "canary_run": None, "per_minute": request.per_minute, "status": status,
        "reason": None, "selected": selected, "sent": 0, "succeeded": 0, "failed": 0, "skips": {}, "until": now,
        "cursor_at": None, "cursor_id": None, "recent": [], "open": True, "next_at": now, "claim": None,
        "lease_until": clock.EPOCH, "created_at": now, "updated_at": now, "finished_at": None,
    }  # fmt: skip


async def _refuse_too_many(database: Database, owner: str, replay_id: str) -> None:
    open_replays = database.replays.find({"open": True}, {"owner": 1, "status": 1})
    others = [row async for row in open_replays if row["owner"] == owner and row["_id"] != replay_id]
    if sum(row["status"] in SENDING_STATUSES for row in others) >= MAX_OPEN_REPLAYS:
        raise Conflict(
            f"You have {MAX_OPEN_REPLAYS} open replays, which is the maximum. Stop one, or wait until one ends."
        )


async def find_replay(database: Database, owner: str, replay_id: str) -> ReplayDocument | None:
    """Return the owner's replay, or None."""
    if owner_of(replay_id) != owner:
        return None
    return await database.replays.find_one({"_id": replay_id})


async def stop_replay(database: Database, owner: str, replay_id: str, now: datetime) -> ReplayDocument:
    """Stop sending runs; sent runs continue. Raises NotFound, and Conflict if the replay has ended otherwise."""
    changes: ReplayChanges = {"status": ReplayStatus.STOPPED, "finished_at": now, "updated_at": now, "next_at": now}
    if await find_replay(database, owner, replay_id) is None:
        raise NotFound("You have no replay with this id.", "id")
    await _change(database, replay_id, is_one_of("status", SENDING_STATUSES), changes)
    found = await find_replay(database, owner, replay_id)
    if found is None:
        raise NotFound("You have no replay with this id.", "id")
    if found["status"] != ReplayStatus.STOPPED:
        raise Conflict(f"The replay has ended as {found['status']}, so it cannot be stopped.", "id")
    return found


# --- for the replayer -----------------------------------------------------------------------------------------------


async def find_due_replays(database: Database, now: datetime) -> list[str]:
    """Return the IDs of the replays that are due and not leased, longest due first."""
    found = database.replays.find({"open": True, "next_at": {"$lte": now}}, {"lease_until": 1, "next_at": 1})
    rows = [row async for row in found if row["lease_until"] <= now]
    return [row["_id"] for row in sorted(rows, key=lambda row: row["next_at"])]


async def claim_replay(database: Database, replay_id: str, now: datetime, lease: timedelta) -> ReplayDocument | None:
    """Claim a replay that is due and not leased. Return it with the new lease, or None.

    `claim` is the token for later updates. `left` is true if an earlier claim was never released.
    """
    before = await database.replays.find_one({"_id": replay_id}, {"claim": 1})
    token = str(ObjectId())
    free = all_of(has_value("open", True), {"$lte": ["$next_at", now]}, {"$lte": ["$lease_until", now]})
    if before is None or not await _change(database, replay_id, free, {"claim": token, "lease_until": now + lease}):
        return None
    found = await database.replays.find_one({"_id": replay_id})
    return None if found is None or found["claim"] != token else found | {"left": before["claim"] is not None}


async def update_claimed(
    database: Database, replay: ReplayDocument, changes: ReplayChanges, statuses: Iterable[ReplayStatus] | None = None
) -> bool:
    """Update a replay if its claim still holds and its status is one of these. Return whether it was updated."""
    condition = has_value("claim", replay["claim"])
    if statuses is not None:
        condition = all_of(condition, is_one_of("status", statuses))
    return await _change(database, replay["_id"], condition, changes)


async def release_replay(database: Database, replay: ReplayDocument, next_at: datetime) -> None:
    """Release the lease. The replay is due again at `next_at`."""
    await update_claimed(database, replay, {"claim": None, "lease_until": clock.EPOCH, "next_at": next_at})


async def _change(database: Database, replay_id: str, condition: Expression, changes: ReplayChanges) -> bool:
    update = UpdateOne({"_id": replay_id}, [change_when(condition, changes)])
    return (await database.replays.bulk_write([update])).modified_count > 0


async def find_tasks(database: Database, rows: Iterable[DeadLetterDocument]) -> dict[str, TaskDocument]:
    """Return the existing tasks of these runs, by ID."""
    wanted = list({row["task"] for row in rows})
    return {
        task["_id"]: task
        async for task in database.tasks.find({"_id": {"$in": wanted}})
        if task["hold"] != Hold.DELETED
    }


async def requeue_runs(
    database: Database,
    replay: ReplayDocument,
    rows: list[DeadLetterDocument],
    tasks: Mapping[str, TaskDocument],
    now: datetime,
) -> int:
    """Run these dead letters again, each in a new round, unless they have changed meanwhile. Return their number."""
    settings = ReplaySettings(replay["settings"])
    updates = [
        task_runs.new_round_update(row["_id"], row["round"], tasks[row["task"]], now, settings, replay["_id"])
        for row in rows
    ]
    sent = (await database.runs.bulk_write(updates, ordered=False)).modified_count
    reopened = [run["_id"] for run in await _find_sent(database, replay, rows)]
    await record_stored_runs(database, reopened)
    await task_runs.show_reopened(database, reopened)
    return sent


async def _find_sent(database: Database, replay: ReplayDocument, rows: list[DeadLetterDocument]) -> list[RunDocument]:
    wanted = {row["_id"]: row["round"] + 1 for row in rows}
    found = await database.runs.find({"_id": {"$in": list(wanted)}}, {"replays": 1}).to_list()
    return [run for run in found if _last_entry(run) == (replay["_id"], wanted[run["_id"]])]


def _last_entry(run: RunDocument) -> tuple[str | None, int]:
    """Return the replay that repeated the run last, and the round."""
    entries = run.get("replays")
    return (entries[-1]["replay"], entries[-1]["round"]) if entries else (None, 0)


async def repair_sent_runs(database: Database, replay: ReplayDocument) -> None:
    """Show sent runs in their tasks, where a process died before it could do so."""
    runs = await _find_runs_of(database, replay["_id"])
    unsettled = [run["_id"] for run in runs if plan.find_replayed_state(run, replay["_id"]) is ReplayedRunState.OPEN]
    if unsettled:
        await task_runs.show_reopened(database, unsettled)


async def load_progress(database: Database, replay: ReplayDocument) -> ReplayProgress:
    """Return the progress of a replay: counted from its runs while it is open, as stored once it has ended."""
    return get_progress(replay, await _find_runs_of(database, replay["_id"]) if replay["open"] else [])


def get_progress(replay: ReplayDocument, runs: Iterable[RunDocument]) -> ReplayProgress:
    """Return the progress of a replay, given its runs if it is open."""
    if not replay["open"]:
        return ReplayProgress(replay["sent"], replay["succeeded"], replay["failed"])
    return plan.count_progress(runs, replay["_id"])


async def find_runs_of(database: Database, replay_ids: Collection[str]) -> dict[str, list[RunDocument]]:
    """Return the runs of these replays, by replay, as far as their progress depends on them."""
    fields = {"status": 1, "round": 1, "replays": 1}
    found: dict[str, list[RunDocument]] = {}
    async for run in database.runs.find({"replays.replay": {"$in": list(replay_ids)}}, fields):
        repeated_by = {entry["replay"] for entry in run.get("replays") or ()}
        for replay_id in set(replay_ids) & repeated_by:
            found.setdefault(replay_id, []).append(run)
    return found


async def _find_runs_of(database: Database, replay_id: str) -> list[RunDocument]:
    return (await find_runs_of(database, [replay_id])).get(replay_id, [])


def sent_from_document(replay: ReplayDocument) -> list[SentBatch]:
    """Return the batches of the replay's last minute from their stored form."""
    return [SentBatch(entry["at"], entry["count"]) for entry in replay["recent"]]


def sent_to_documents(sent: list[SentBatch]) -> list[SentBatchDocument]:
    """Return the stored form of the batches."""
    return [{"at": batch.at, "count": batch.count} for batch in sent]
