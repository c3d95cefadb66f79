"""Due retries go back to their queue, wait for a quota, or give way to the next due time."""

from datetime import timedelta

from tests.harness import make_settings, save_task
from tests.scheduling.passes import due_task, passes, runs_of, statuses
from tests.tasks.helpers import AWAY, HOUR, add_run, load_run, load_task
from tocsin import clock, schedules
from tocsin.documents import ChangeLog, Database, RunReason, RunStatus, connect_sync
from tocsin.graphql.runs.reasons import explain_run_reason
from tocsin.quotas import QuotaLimits, UsageMeter
from tocsin.quotas.meter import MAX_WAIT
from tocsin.scheduling.retries import end_superseded_retries, queue_due_retry

S = RunStatus
SECOND = timedelta(seconds=1)


async def test_a_retrying_run_gives_way_to_the_next_due_time(database: Database) -> None:
    task = await due_task(database)
    retrying = await add_run(database, task.id, S.RETRY)
    async with passes(database) as made:
        await made.make()
    assert statuses(await runs_of(database, task.id)) == [("FAILED", "GAVE_WAY"), ("QUEUED", None)]
    stored = await load_task(database, task.id)
    assert (stored["consecutive_failures"], len(stored["active"])) == (1, 1)
    assert (await load_run(database, retrying))["finished_at"] is not None
    (alert,) = await database.alerts.find({}).to_list()
    assert (alert["failure"]["reason"], alert["open"]) == ("GAVE_WAY", True), "which the keeper of incidents tells"


async def test_a_retry_goes_back_to_the_queue_at_its_time(database: Database) -> None:
    task = await save_task(database, AWAY, schedules.Once(clock.now() + HOUR))
    early, due = await add_run(database, task.id, S.RETRY), await add_run(database, task.id, S.RETRY, ago=2 * HOUR)
    await database.runs.update_one({"_id": due}, {"$set": {"retry_at": clock.now()}})
    async with passes(database) as made:
        await made.make()
    assert (await load_run(database, early))["status"] == "RETRY"
    run = await load_run(database, due)
    assert (run["status"], run["retry_at"]) == ("QUEUED", None)
    assert run["queued_at"] is not None
    assert run["rank"] == clock.epoch_milliseconds(run["queued_at"])
    assert (await load_task(database, task.id))["status"] == "RETRY"


async def test_retries_wait_for_the_quota_and_say_so(database: Database) -> None:
    limits = QuotaLimits(make_settings(quota_runs_per_day=1))
    meter = UsageMeter(limits)
    meter.consume_runs("alice", 1, clock.now())
    task = await save_task(database, AWAY, schedules.Every(timedelta(hours=1), clock.now() + timedelta(minutes=30)))
    run_id = await add_run(database, task.id, S.RETRY, ago=SECOND)
    await database.runs.update_one({"_id": run_id}, {"$set": {"retry_at": clock.now() - SECOND}})
    async with passes(database, meter=meter) as made:
        await made.make()
        (run,) = await runs_of(database, task.id)
        assert (run["status"], run["reason"]) == ("RETRY", "QUOTA")
        retry_at = (await load_run(database, run_id))["retry_at"]
        assert retry_at is not None
        assert retry_at > clock.now() + MAX_WAIT - 5 * SECOND
        assert "It continues when the quota allows it" in explain_run_reason(RunReason.QUOTA, run)
        limits.set_override("alice", {"RUNS_PER_DAY": 0})
        await database.runs.update_one({"_id": run_id}, {"$set": {"retry_at": clock.now() - SECOND}})
        await made.make()
        (run,) = await runs_of(database, task.id)
        assert (run["status"], run["reason"]) == ("QUEUED", None)


async def test_a_retry_that_was_postponed_meanwhile_is_not_queued(database: Database) -> None:
    task = await save_task(database, AWAY, schedules.Once(clock.now() + HOUR))
    due = clock.now()
    run = await load_run(database, await add_run(database, task.id, S.RETRY, retry_at=due))
    later = due + HOUR
    await database.runs.update_one({"_id": run["_id"]}, {"$set": {"retry_at": later}})
    await database.runs.bulk_write([queue_due_retry(run, clock.now(), None)])
    await database.runs.bulk_write([queue_due_retry(run, clock.now(), clock.now() + 2 * HOUR)])
    stored = await load_run(database, run["_id"])
    assert (stored["status"], stored["reason"], stored["retry_at"]) == ("RETRY", None, later)


async def test_only_runs_that_wait_for_a_retry_give_way(database: Database) -> None:
    task = await save_task(database, AWAY, schedules.Once(clock.now() + HOUR))
    waiting, ended = [
        await load_run(database, await add_run(database, task.id, status, ago=number * HOUR))
        for number, status in enumerate((S.RETRY, S.RETRY), 1)
    ]
    await database.runs.update_one({"_id": ended["_id"]}, {"$set": {"status": S.COMPLETED, "open": False}})
    opened = connect_sync(database.uri, database.name)
    end_superseded_retries(opened["runs"], [waiting, ended], clock.now(), ChangeLog())
    opened.client.close()
    assert statuses(await runs_of(database, task.id)) == [("COMPLETED", None), ("FAILED", "GAVE_WAY")]
