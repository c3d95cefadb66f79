"""Replays as they are stored: asked for, stopped, leased by the process that works on them, counted from their runs."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from tocsin import clock
from tocsin.dead_letters import filter as dead_letter_filter
from tocsin.dead_letters import plan
from tocsin.dead_letters.filter import DeadLetterDocument, DeadLetterFilter
from tocsin.dead_letters.plan import MAX_PER_MINUTE, ReplayedRunState, ReplayProgress, SentBatch
from tocsin.documents import (
    Database,
    Hold,
    ReplayDocument,
    ReplaySettings,
    ReplayStatus,
    RunDocument,
    SentBatchDocument,
    TaskDocument,
    owner_of,
)
from tocsin.documents.updates import Expression, all_of, change_when, has_value, is_one_of
from tocsin.errors import Conflict, InvalidInput, NotFound
from tocsin.tasks import idempotency
from tocsin.tasks import runs as task_runs

MAX_OPEN_REPLAYS = 20
"""Replays that one user may have under way."""
SENDING_STATUSES = (ReplayStatus.CANARY, ReplayStatus.RUNNING)
"""In these something is still to be sent."""


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """What a person asks for."""

    filter: DeadLetterFilter
    canary: bool = True
    per_minute: int = 60
    settings: ReplaySettings = ReplaySettings.CURRENT

    def validate(self) -> "ReplayRequest":
        """Itself. Raises InvalidInput."""
        if not 1 <= self.per_minute <= MAX_PER_MINUTE:
            raise InvalidInput(f"perMinute must be 1 to {MAX_PER_MINUTE}; it is {self.per_minute}.", "perMinute")
        return self


async def create_replay(
    database: Database, owner: str, wish: ReplayRequest, now: datetime, key: idempotency.IdempotentCall | None = None
) -> ReplayDocument:
    """A new replay, of the dead letters that there are now; with a key that was used before, the one of then."""
    wish = wish.validate()
    record = await idempotency.claim_key(database, key, f"{owner}/r{ObjectId()}", now)
    if not record["done"]:
        await _refuse_too_many(database, owner, record["thing"])
        selected = await dead_letter_filter.count_dead_letters(database, owner, wish.filter, now)
        with suppress(DuplicateKeyError):  # an earlier try with the same idempotency key got this far
            await database.replays.insert_one(_new(record["thing"], owner, wish, selected, now))
        await idempotency.mark_done(database, record)
    found = await find_replay(database, owner, record["thing"])
    if found is None:
        raise idempotency.deleted_result("replay")
    return found


def _new(replay_id: str, owner: str, wish: ReplayRequest, selected: int, now: datetime) -> ReplayDocument:
    status = ReplayStatus.CANARY if wish.canary else ReplayStatus.RUNNING
    return {
        "_id": replay_id, "owner": owner, "filter": wish.filter.to_document(), "settings": wish.settings,
        "canary": wish.canary, "canary_run": None, "per_minute": wish.per_minute, "status": status,
        "reason": None, "selected": selected, "sent": 0, "succeeded": 0, "failed": 0, "skips": {}, "until": now,
        "cursor_at": None, "cursor_id": None, "recent": [], "open": True, "next_at": now, "claim": None,
        "lease_until": clock.EPOCH, "created_at": now, "updated_at": now, "finished_at": None,
    }  # fmt: skip


async def _refuse_too_many(database: Database, owner: str, replay_id: str) -> None:
    going = database.replays.find({"open": True}, {"owner": 1, "status": 1})
    others = [row async for row in going if row["owner"] == owner and row["_id"] != replay_id]
    if sum(row["status"] in SENDING_STATUSES for row in others) >= MAX_OPEN_REPLAYS:
        raise Conflict(
            f"You have {MAX_OPEN_REPLAYS} replays under way, which is the most. Stop one, or wait for its end."
        )


async def find_replay(database: Database, owner: str, replay_id: str) -> ReplayDocument | None:
    """The owner's replay, or None."""
    if owner_of(replay_id) != owner:
        return None
    found: ReplayDocument | None = await database.replays.find_one({"_id": replay_id})
    return found


async def stop_replay(database: Database, owner: str, replay_id: str, now: datetime) -> ReplayDocument:
    """Send no more. What was sent goes on. Raises NotFound, Conflict for one that has ended otherwise."""
    changes = {"status": ReplayStatus.STOPPED, "finished_at": now, "updated_at": now, "next_at": now}
    if await find_replay(database, owner, replay_id) is None:
        raise NotFound("You have no replay with this id.", "id")
    await _change(database, replay_id, is_one_of("status", SENDING_STATUSES), changes)
    found = await find_replay(database, owner, replay_id)
    if found is None:
        raise NotFound("You have no replay with this id.", "id")
    if found["status"] != ReplayStatus.STOPPED:
        raise Conflict(f"The replay has ended as {found['status']}, so it cannot be stopped.", "id")
    return found


# --- for the process that works on it -------------------------------------------------------------------------------


async def find_due_replays(database: Database, now: datetime) -> list[str]:
    """The replays at which something is to be done."""
    found = database.replays.find({"open": True, "next_at": {"$lte": now}}, {"lease_until": 1, "next_at": 1})
    rows = [row async for row in found if row["lease_until"] <= now]
    return [row["_id"] for row in sorted(rows, key=lambda row: row["next_at"])]


async def claim_replay(database: Database, replay_id: str, now: datetime, lease: timedelta) -> ReplayDocument | None:
    """Take the lease of a replay that is due and that nobody has. Returns it as it was found, but for the lease.

    `claim` is then the token by which it is changed; `left` says that somebody took it before and never gave it back.
    """
    before = await database.replays.find_one({"_id": replay_id}, {"claim": 1})
    token = str(ObjectId())
    free = all_of(has_value("open", True), {"$lte": ["$next_at", now]}, {"$lte": ["$lease_until", now]})
    if before is None or not await _change(database, replay_id, free, {"claim": token, "lease_until": now + lease}):
        return None
    found = await database.replays.find_one({"_id": replay_id})
    return None if found is None or found["claim"] != token else found | {"left": before["claim"] is not None}


async def update_claimed(
    database: Database, replay: ReplayDocument, changes: dict[str, Any], statuses: Iterable[ReplayStatus] | None = None
) -> bool:
    """Change a taken replay, if the lease is still ours and its status one of these. Returns whether it was."""
    condition = has_value("claim", replay["claim"])
    if statuses is not None:
        condition = all_of(condition, is_one_of("status", statuses))
    return await _change(database, replay["_id"], condition, changes)


async def release_replay(database: Database, replay: ReplayDocument, next_at: datetime) -> None:
    """End the lease; there is something to do again from `next_at` on."""
    await update_claimed(database, replay, {"claim": None, "lease_until": clock.EPOCH, "next_at": next_at})


async def _change(database: Database, replay_id: str, condition: Expression, changes: dict[str, Any]) -> bool:
    update = UpdateOne({"_id": replay_id}, [change_when(condition, changes)])
    return (await database.replays.bulk_write([update])).modified_count > 0


async def find_tasks(database: Database, rows: Iterable[DeadLetterDocument]) -> dict[str, TaskDocument]:
    """The tasks of these runs that are there, by id."""
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
    """Queue these dead letters again, each if it is still what it was. Returns how many."""
    settings = ReplaySettings(replay["settings"])
    updates = [
        task_runs.requeue_update(row["_id"], row["round"], tasks[row["task"]], now, settings, replay["_id"])
        for row in rows
    ]
    sent = (await database.runs.bulk_write(updates, ordered=False)).modified_count
    await task_runs.show_reopened(database, [run["_id"] for run in await _sent(database, replay, rows)])
    return sent


async def _sent(database: Database, replay: ReplayDocument, rows: list[DeadLetterDocument]) -> list[RunDocument]:
    wanted = {row["_id"]: row["round"] + 1 for row in rows}
    found = await database.runs.find({"_id": {"$in": list(wanted)}}, {"replays": 1}).to_list()
    return [run for run in found if _last(run) == (replay["_id"], wanted[run["_id"]])]


def _last(run: RunDocument) -> tuple[str | None, int]:
    """By which replay a run was done again last, and in which round."""
    entries = run.get("replays")
    return (entries[-1]["replay"], entries[-1]["round"]) if entries else (None, 0)


async def repair_sent_runs(database: Database, replay: ReplayDocument) -> None:
    """Show on their tasks the runs that a process sent that died before it could do so."""
    runs = await _named(database, replay["_id"])
    unsettled = [run["_id"] for run in runs if plan.find_replayed_state(run, replay["_id"]) is ReplayedRunState.OPEN]
    if unsettled:
        await task_runs.show_reopened(database, unsettled)


async def load_progress(database: Database, replay: ReplayDocument) -> ReplayProgress:
    """What was sent and what became of it: by the runs that name the replay, or as counted when the last had ended."""
    if not replay["open"]:
        return ReplayProgress(replay["sent"], replay["succeeded"], replay["failed"])
    return plan.count_progress(await _named(database, replay["_id"]), replay["_id"])


async def _named(database: Database, replay_id: str) -> list[RunDocument]:
    fields = {"status": 1, "round": 1, "replays": 1}
    runs: list[RunDocument] = await database.runs.find({"replays.replay": replay_id}, fields).to_list()
    return runs


def sent_from_document(replay: ReplayDocument) -> list[SentBatch]:
    """The sendings of its last minute."""
    return [SentBatch(entry["at"], entry["count"]) for entry in replay["recent"]]


def sent_to_documents(sent: list[SentBatch]) -> list[SentBatchDocument]:
    """Sendings as they are stored."""
    return [{"at": sending.at, "count": sending.count} for sending in sent]
