"""Due times of an owner with an exhausted quota are recorded as missed and do not pile up; others run."""

from datetime import timedelta

from tests.harness import make_settings, save_task
from tests.scheduling.passes import passes, runs_of, statuses
from tests.scheduling.test_planning import HOUR, NOON, busy, task
from tests.tasks.helpers import load_task
from tocsin import clock, schedules
from tocsin.documents import Database, RunReason, RunStatus
from tocsin.graphql.runs.reasons import explain_run_reason
from tocsin.quotas import Quota, QuotaLimits, UsageMeter
from tocsin.quotas.meter import MAX_WAIT
from tocsin.scheduling.planning import missed_run, plan_firing, replan_after
from tocsin.scheduling.quota_gaps import plan_quota_gap

URL = "http://127.0.0.1:1/"
SECOND = timedelta(seconds=1)


def make_meter(limits: QuotaLimits | None = None, **given: int) -> UsageMeter:
    return UsageMeter(limits or QuotaLimits(make_settings(**{f"quota_{name}": limit for name, limit in given.items()})))


async def save_task_due_every_second(database: Database, owner: str) -> str:
    return (await save_task(database, URL, schedules.Every(SECOND, clock.now()), owner=owner)).id


async def test_over_the_daily_quota_one_run_records_all_due_times_of_a_while(database: Database) -> None:
    meter = make_meter(runs_per_day=2)
    alices = [await save_task_due_every_second(database, "alice") for _ in range(4)]
    bobs = await save_task_due_every_second(database, "bob")
    await database.tasks.update_many({}, {"$set": {"next_run_at": clock.now() - SECOND / 2}})
    async with passes(database, meter=meter) as made:
        await made.make()
        found = [await runs_of(database, task) for task in alices]
        assert sorted(runs[0]["status"] for runs in found) == ["MISSED", "MISSED", "QUEUED", "QUEUED"]
        assert statuses(await runs_of(database, bobs))[0] == ("QUEUED", None)
        gap = next(runs[0] for runs in found if runs[0]["status"] == "MISSED")
        task = await load_task(database, gap["task"])
        assert gap["reason"] == "QUOTA"
        last, following = task["last_due_at"], task["next_run_at"]
        assert last is not None
        assert following is not None
        assert following > clock.now() + MAX_WAIT - 5 * SECOND
        assert gap["missed_until"] == last < following
        assert (gap["missed_count"] or 0) > 800
        assert task["active"] == []
        assert "while a quota of its owner was used up" in explain_run_reason(RunReason.QUOTA, gap)
        await made.make()  # missed due times are not due again
        assert len(await runs_of(database, gap["task"])) == 1
        assert meter.drain_refusals() == {"alice": {Quota.RUNS_PER_DAY}}


async def test_a_one_off_task_over_the_quota_fails_visibly(database: Database) -> None:
    meter = make_meter(runs_per_day=1)
    meter.consume_runs("alice", 1, clock.now())
    task = await save_task(database, URL)
    async with passes(database, meter=meter) as made:
        await made.make()
    (run,) = await runs_of(database, task.id)
    assert (run["status"], run["reason"], run["missed_count"]) == ("MISSED", "QUOTA", 1)
    stored = await load_task(database, task.id)
    assert (stored["status"], stored["next_run_at"]) == ("FAILED", None)


async def test_a_crash_between_the_missed_run_and_the_task_makes_no_second_one(database: Database) -> None:
    meter = make_meter(runs_per_day=1)
    meter.consume_runs("alice", 1, clock.now())
    task_id = await save_task_due_every_second(database, "alice")
    due = clock.truncate_to_milliseconds(clock.now() - SECOND / 2)
    await database.tasks.update_one({"_id": task_id}, {"$set": {"next_run_at": due}})
    async with passes(database, meter=meter) as made:
        await made.make()
        before = await runs_of(database, task_id)
        await database.tasks.update_one({"_id": task_id}, {"$set": {"next_run_at": due, "last_due_at": None}})
        await made.make()
    assert await runs_of(database, task_id) == before
    task = await load_task(database, task_id)
    assert task["next_run_at"] is not None
    assert before[0]["missed_until"] is not None
    assert task["next_run_at"] > before[0]["missed_until"]


def test_what_is_due_after_an_existing_gap_is_planned_beside_the_open_runs() -> None:
    firing = plan_firing(task(), NOON + HOUR, busy(RunStatus.RUNNING), max_open=3)
    gap = plan_quota_gap(firing, NOON + 5 * HOUR)
    assert (gap.open_before, gap.max_open) == (firing.open_before, 3)
    earlier = missed_run(firing.task, schedules.Gap(NOON, NOON, 1), RunReason.QUOTA, NOON)
    replan_after(gap, earlier, [])
    assert statuses(gap.runs) == [("MISSED", "QUOTA"), ("SKIPPED", "OVERLAP")]


async def test_each_run_that_is_made_counts_with_its_job(database: Database) -> None:
    meter = UsageMeter()
    await save_task(database, URL + "x" * 2_000)
    async with passes(database, meter=meter) as made:
        await made.make()
    assert meter.get_usage("alice", Quota.RUNS_PER_DAY, clock.now()) == 1
    (pending,) = meter.drain_pending()
    assert pending.storage > 2_000
