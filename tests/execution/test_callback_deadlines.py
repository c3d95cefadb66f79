"""The ends of waits for callbacks: found by index, owners in turn."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect
from pymongo.monitoring import CommandSucceededEvent

from tests.commands import CommandLog, logged
from tests.tasks.helpers import add_run, load_run, load_task, save_hourly_task
from tocsin import clock
from tocsin.dispatch.retry_decision import RetryDecider
from tocsin.documents import Database, RunDocument, RunStatus, owner_of
from tocsin.execution import callback_deadlines
from tocsin.execution.callback_deadlines import CallbackDeadlines
from tocsin.execution.callbacks import CallbackSettler
from tocsin.quotas.meter import UsageMeter
from tocsin.tasks import run_effects
from tocsin.tasks.retry_defaults import RetryDefaults
from tocsin.tasks.retry_policy import RetryPolicy
from tocsin.wakeups import Signal, Wakeups

PAST = timedelta(seconds=-1)


class NotingSettler(CallbackSettler):
    """A settler that notes the owners of the runs that it was given, one text for each call."""

    def __init__(self, database: Database) -> None:
        decider = RetryDecider(RetryDefaults(0), timedelta())
        super().__init__(database, decider, Wakeups(), UsageMeter(), Signal())
        self.owners: list[list[str]] = []

    async def settle(self, runs: Collection[RunDocument], now: Any) -> int:  # type: ignore[override]
        self.owners.append(sorted(owner_of(run["_id"]) for run in runs))
        return await super().settle(runs, now)


async def add_waiting(database: Database, owner: str, by: timedelta = PAST, **changes: Any) -> str:
    task = await save_hourly_task(database, owner=owner, retry=RetryPolicy(0))
    now = clock.now()
    attempt = {"number": 1, "started_at": now, "worker": "w", "accepted_at": now}
    fields = {"callback_by": now + by, "attempts": [attempt], "fence": 1, **changes}
    return await add_run(database, task.id, RunStatus.WAITING, **fields)


async def test_overdue_runs_fail_and_the_wait_is_until_the_next_deadline(database: Database) -> None:
    overdue = await add_waiting(database, "alice")
    ahead = await add_waiting(database, "alice", timedelta(seconds=5))
    wait = await CallbackDeadlines(database, NotingSettler(database), lambda _: True).settle_overdue()
    assert 0 < wait <= 5
    run = await load_run(database, overdue)
    assert (run["status"], run["error"] and run["error"]["kind"]) == ("FAILED", "CALLBACK_TIMEOUT")
    assert (await load_task(database, run["task"]))["consecutive_failures"] == 1
    assert (await load_run(database, ahead))["status"] == "WAITING"


async def test_owners_take_turns(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callback_deadlines, "SLICE", 2)
    monkeypatch.setattr(callback_deadlines, "MAX_PER_OWNER", 4)
    monkeypatch.setattr(callback_deadlines, "WINDOW", 6)
    for _ in range(8):
        await add_waiting(database, "alice", -timedelta(hours=1))
    await add_waiting(database, "bob")
    settler = NotingSettler(database)
    await CallbackDeadlines(database, settler, lambda _: True).settle_overdue()
    alices = ["alice", "alice"]
    assert settler.owners == [["alice", "bob"], alices, ["alice"], alices, alices]


async def add_many_waiting(database: Database, owner: str, number: int) -> None:
    """Add copies of an overdue run, all of one task, without reading each back."""
    run = await load_run(database, await add_waiting(database, owner, -timedelta(hours=1)))
    copies = [{**run, "_id": f"{run['_id']}{index}"} for index in range(number - 1)]
    await database.runs.insert_many(copies)  # type: ignore[arg-type]  # they are runs


class SearchLog(CommandLog):
    """A log that counts the runs that searches for overdue ones have read, which take the owner only."""

    found = 0

    def succeeded(self, event: object) -> None:
        assert isinstance(event, CommandSucceededEvent)
        cursor = event.reply.get("cursor") or {}
        rows = [*cursor.get("firstBatch", ()), *cursor.get("nextBatch", ())]
        self.found += sum(set(row) == {"_id", "owner"} for row in rows)


async def test_a_storm_of_one_owner_is_read_in_parts_and_delays_nobody(database: Database) -> None:
    await add_many_waiting(database, "bert", 5_000)
    for owner in ("alice", "carol", "dora"):
        await add_waiting(database, owner)
    log = SearchLog()
    async with logged(database, log) as own:
        settler = NotingSettler(own)
        await CallbackDeadlines(own, settler, lambda _: True).settle_overdue()
    assert sum(map(len, settler.owners)) == 5_003
    assert {"alice", "carol", "dora"} <= set(settler.owners[0])
    assert log.found <= 2.1 * 5_003  # once by time and once by owner
    assert await database.runs.count_documents({"status": RunStatus.WAITING}) == 0


async def test_runs_that_another_process_serves_do_not_hide_ours(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callback_deadlines, "WINDOW", 3)
    await add_many_waiting(database, "alice", 10)
    ours = await add_waiting(database, "bob")
    await CallbackDeadlines(database, NotingSettler(database), lambda owner: owner == "bob").settle_overdue()
    assert (await load_run(database, ours))["status"] == "FAILED"
    assert await database.runs.count_documents({"status": RunStatus.WAITING}) == 10


async def test_the_runs_of_owners_whom_another_process_serves_are_left_to_it(database: Database) -> None:
    theirs, ours = await add_waiting(database, "alice"), await add_waiting(database, "bob")
    await CallbackDeadlines(database, NotingSettler(database), lambda owner: owner == "bob").settle_overdue()
    assert (await load_run(database, theirs))["status"] == "WAITING"
    assert (await load_run(database, ours))["status"] == "FAILED"


async def test_a_run_that_cannot_be_settled_does_not_keep_others_from_it(database: Database) -> None:
    broken = await add_waiting(database, "alice", attempts=[])
    sound = await add_waiting(database, "alice")
    await CallbackDeadlines(database, NotingSettler(database), lambda _: True).settle_overdue()
    assert (await load_run(database, broken))["status"] == "WAITING"
    assert (await load_run(database, sound))["status"] == "FAILED"


async def test_two_processes_count_the_end_once(database: Database) -> None:
    run_id = await add_waiting(database, "alice")
    run = await load_run(database, run_id)
    now = clock.now()
    assert await NotingSettler(database).settle([run], now) == 1
    assert await NotingSettler(database).settle([run], now + clock.MILLISECOND) == 0
    assert (await load_task(database, run["task"]))["consecutive_failures"] == 1
    assert [each["failures"] async for each in database.alerts.find({})] == [1]


@pytest.mark.parametrize("lost", ["the acknowledgement", "the effects"])
async def test_effects_that_the_database_did_not_take_are_applied_later(
    database: Database, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    settler, run_id = NotingSettler(database), await add_waiting(database, "alice")
    deadlines = CallbackDeadlines(database, settler, lambda _: True)

    async def fail(*_: Any) -> Any:
        raise AutoReconnect("connection closed")

    with monkeypatch.context() as patched:
        if lost == "the acknowledgement":
            patched.setattr(settler, "_finish", fail)
        else:
            patched.setattr(run_effects, "apply_effects", fail)
        with pytest.raises(AutoReconnect):
            await deadlines.settle_overdue()
    run = await load_run(database, run_id)
    assert run["status"] == "FAILED"
    assert (await load_task(database, run["task"]))["consecutive_failures"] == 0
    await deadlines.settle_overdue()
    await deadlines.settle_overdue()
    assert (await load_task(database, run["task"]))["consecutive_failures"] == 1
    assert [each["failures"] async for each in database.alerts.find({})] == [1]


async def test_deadlines_are_found_without_reading_other_runs(database: Database) -> None:
    task = await save_hourly_task(database)
    for number in range(20):
        await add_run(database, task.id, RunStatus.RUNNING, _id=f"{task.id}:{number}")
        await add_waiting(database, "alice", timedelta(hours=1))
    await add_waiting(database, "bob")
    due = {"status": RunStatus.WAITING, "callback_by": {"$lte": clock.now()}}
    for chosen in (due, {**due, "owner": "bob"}):
        command = {"explain": {"find": "runs", "filter": chosen, "sort": {"callback_by": 1}}}
        stats = (await database.db.command({**command, "verbosity": "executionStats"}))["executionStats"]
        assert (stats["nReturned"], stats["totalDocsExamined"]) == (1, 1)
