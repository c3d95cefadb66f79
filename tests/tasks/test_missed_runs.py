"""The notifications of missed and skipped runs: of tasks whose owners asked, once until a run has succeeded."""

from datetime import timedelta
from typing import Any

import pytest

from tests.harness import make_settings
from tests.scheduling.passes import before, due_task, passes, save_at
from tests.tasks.helpers import HOUR, add_run, load_run, load_task
from tocsin import clock
from tocsin.documents import Database, Overlap, RunStatus
from tocsin.execution.rescuer import recover_at_start
from tocsin.quotas import QuotaLimits, UsageMeter
from tocsin.schedules import Misfire, MisfirePolicy
from tocsin.tasks import run_effects

S = RunStatus
SKIPS_OLD = Misfire(MisfirePolicy.SKIP)


class Killed(BaseException):
    """The process died here."""


async def told(database: Database) -> list[Any]:
    found = await database.notifications.find({}).sort("stored_at", 1).to_list()
    mails = await database.deliveries.count_documents({"kind": "RUN_MISSED"})
    assert mails == len(found)
    return [(each["kind"], each["data"]["missed"], each["data"]["reason"]) for each in found]


async def make_due_again(database: Database, task_id: str, age: timedelta) -> None:
    due = clock.now() - age
    await database.tasks.update_one({"_id": task_id}, {"$set": {"next_run_at": due}})


async def test_due_times_that_no_server_could_run_are_told_together(database: Database) -> None:
    task = await save_at(database, clock.now() - 36.5 * HOUR, misfire=SKIPS_OLD, alert_on_missed=True)
    async with passes(database) as made:
        await made.make()
        await made.make()
    assert await told(database) == [("RUN_MISSED", 37, "MISFIRE")]
    stored = await load_task(database, task.id)
    assert (stored["active"], stored["status"], stored["last_end"]) == ([], "PENDING", "FAILED")


@pytest.mark.parametrize("changes", [{}, {"alert_on_missed": False}])
async def test_nobody_is_told_who_did_not_ask(database: Database, changes: dict[str, Any]) -> None:
    task = await save_at(database, clock.now() - 36.5 * HOUR, misfire=SKIPS_OLD, **changes)
    async with passes(database) as made:
        await made.make()
    assert await told(database) == []
    assert (await load_task(database, task.id))["last_run"] is not None


async def test_skipped_runs_are_told_once_until_a_run_has_succeeded(database: Database) -> None:
    task = await due_task(database, overlap=Overlap.SKIP, alert_on_missed=True)
    blocking = await add_run(database, task.id, S.RUNNING, ago=timedelta(minutes=50))
    async with passes(database) as made:
        await made.make()
        assert await told(database) == [("RUN_MISSED", 1, "OVERLAP")]
        await make_due_again(database, task.id, timedelta(milliseconds=500))
        await made.make()
        assert await told(database) == [("RUN_MISSED", 1, "OVERLAP")]
        ended = {"status": S.COMPLETED, "open": False, "finished_at": clock.now()}
        await database.runs.update_one({"_id": blocking}, {"$set": ended})
        await run_effects.apply_effects(database, [await load_run(database, blocking)])
        await add_run(database, task.id, S.RUNNING, ago=timedelta(minutes=40))
        await make_due_again(database, task.id, timedelta(milliseconds=50))
        await made.make()
    assert await told(database) == [("RUN_MISSED", 1, "OVERLAP")] * 2
    assert [entry["shows"] for entry in (await load_task(database, task.id))["active"]] == ["RUNNING"]


async def test_a_quota_that_is_used_up_is_told(database: Database) -> None:
    meter = UsageMeter(QuotaLimits(make_settings(quota_runs_per_day=1)))
    meter.consume_runs("alice", 1, clock.now())
    await due_task(database, alert_on_missed=True)
    async with passes(database, meter=meter) as made:
        await made.make()
    ((_, _, reason),) = await told(database)
    assert reason == "QUOTA"


@pytest.mark.parametrize("method", ["_advance", "_hand_over"])
async def test_a_crash_before_the_owner_is_told_loses_nothing(database: Database, method: str) -> None:
    task = await save_at(database, clock.now() - 36.5 * HOUR, misfire=SKIPS_OLD, alert_on_missed=True)

    def die() -> None:
        raise Killed

    async with passes(database) as made:
        before(made, method, die)
        with pytest.raises(Killed):
            await made.make()
    assert await told(database) == []
    await recover_at_start(database)
    async with passes(database) as made:
        await made.make()
    assert [kind for kind, *_ in await told(database)] == ["RUN_MISSED"]
    await recover_at_start(database)
    assert len(await told(database)) == 1
    assert (await load_task(database, task.id))["active"] == []


async def test_what_is_told_twice_for_one_cause_is_one_notification(database: Database) -> None:
    task = await due_task(database, alert_on_missed=True)
    run_id = await add_run(database, task.id, S.MISSED, missed_count=3, reason="MISFIRE")
    for _ in range(2):
        await run_effects.apply_effects(database, [await load_run(database, run_id)])
        await database.deliveries.delete_many({"channel": {"$gt": ""}})
    assert await told(database) == [("RUN_MISSED", 3, "MISFIRE")]
