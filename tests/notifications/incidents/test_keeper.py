"""Failures become incidents, which are told once: when they open, when they are over, not more often by flapping."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from tests.commands import CommandLog, logged
from tests.notifications.incidents.world import HOST, MINUTE, World, names
from tocsin.documents import Database, ErrorKind

JOB = ErrorKind.JOB
BEGAN, FAILED, RECOVERED, STILL = "BEGAN_FAILING", "FAILED_FOR_GOOD", "RECOVERED", "STILL_FAILING"
CLOSED, HOUR = "INCIDENT_CLOSED", timedelta(hours=1)


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


async def test_a_task_that_fails_by_itself_is_told_as_its_own(world: World) -> None:
    await world.add_tasks("backup")
    await world.end("backup", "RETRY", JOB)
    await world.end("backup", "RETRY", JOB)
    assert await world.told() == [(BEGAN, 'Task "backup" has started failing')]
    await world.pass_time(MINUTE)
    await world.end("backup", "FAILED", JOB)
    await world.pass_time(MINUTE)
    await world.end("backup", "COMPLETED")
    assert await world.told() == [
        (BEGAN, 'Task "backup" has started failing'),
        (FAILED, 'Task "backup" has failed'),
        (RECOVERED, 'Task "backup" works again'),
    ]
    incident = await world.the_incident()
    assert (incident["cause"], incident["open"], incident["over_at"]) == ("TASK", False, world.now)
    (alert,) = await world.alerts()
    assert (alert["_id"], alert["ending"], alert["incident"]) == ("u1/backup:0", "RECOVERED", incident["_id"])


async def test_a_thousand_tasks_on_a_dead_host_are_one_notice_and_one_when_they_work_again(database: Database) -> None:
    world = World(database, timedelta(seconds=10))
    await world.add_tasks(*names(1_000))
    runs = [world.run(name, "FAILED", priority=int(name == "t0777")) for name in names(1_000)]
    await world.end_runs(*runs[:1])
    await world.keeper.keep_due()
    await world.pass_time(timedelta(seconds=1))
    assert await world.told() == []
    await world.end_runs(*runs[1:])
    await world.pass_time(timedelta(seconds=8))
    assert await world.told() == []
    await world.pass_time(timedelta(seconds=1))
    assert await world.told() == [(FAILED, f"1,000 tasks that call {HOST} have failed")]
    (notification,) = await database.notifications.find({}).to_list()
    assert "Tasks: t0777, t0000, t0001, " in notification["text"]
    assert "Others: 990" in notification["text"]
    assert notification["data"]["subjectCount"] == 1_000
    world.clock.time += MINUTE
    done = [world.run(name, "COMPLETED") for name in names(1_000)]
    await world.end_runs(*done[:999])
    await world.keeper.keep_due()
    assert await world.kinds() == [FAILED]
    await world.end_runs(*done[999:])
    await world.keeper.keep_due()
    assert (await world.told())[1:] == [(RECOVERED, f"1,000 tasks that call {HOST} work again")]
    assert len(await world.incidents()) == 1


async def test_a_host_whose_tasks_are_retried_is_told_once_more_when_they_have_failed(database: Database) -> None:
    world = World(database, timedelta(seconds=10))
    await world.add_tasks("a", "b")
    await world.end("a", "RETRY")
    await world.end("b", "RETRY")
    await world.pass_time(timedelta(seconds=10))
    assert await world.told() == [(BEGAN, f"2 tasks that call {HOST} have started failing")]
    await world.end("a", "FAILED")
    assert await world.kinds() == [BEGAN]
    await world.end("b", "FAILED")
    await world.pass_time(timedelta(seconds=10))
    assert (await world.told())[1:] == [(FAILED, f"2 tasks that call {HOST} have failed")]


async def test_a_single_task_on_a_host_is_told_as_its_own(world: World) -> None:
    await world.add_tasks("a")
    await world.end("a", "FAILED")
    await world.end("a", "COMPLETED")
    assert await world.told() == [(FAILED, 'Task "a" has failed'), (RECOVERED, 'Task "a" works again')]
    first: Any = await world.database.deliveries.find_one({"kind": FAILED})
    assert (first["run"], first["about"]["subject"]) == (f"u1/a:{round(world.now.timestamp() * 1_000)}", "u1/a")


async def test_what_is_over_before_it_is_told_never_is(database: Database) -> None:
    world = World(database, timedelta(seconds=10))
    await world.add_tasks("a")
    await world.end("a", "RETRY")
    await world.pass_time(timedelta(seconds=5))
    await world.end("a", "COMPLETED")
    await world.pass_time(MINUTE)
    assert await world.told() == []
    assert not (await world.the_incident())["open"]


async def test_other_hosts_and_kinds_of_failures_are_incidents_of_their_own(world: World) -> None:
    await world.add_tasks("a", "b", "c")
    await world.end("a", "FAILED")
    await world.end("b", "FAILED", ErrorKind.DNS)
    await world.end("c", "FAILED", host="other.example.org:443")
    assert len(await world.incidents()) == 3
    assert await world.kinds() == [FAILED] * 3


async def test_owners_have_incidents_of_their_own(world: World) -> None:
    for owner in ("u1", "u2"):
        await world.add_tasks("a", owner=owner)
        await world.end_runs(world.run("a", "FAILED", owner=owner))
    await world.keeper.keep_due()
    assert sorted(each["owner"] for each in await world.incidents()) == ["u1", "u2"]


async def test_a_flapping_task_is_told_at_most_twice_in_ten_minutes(world: World) -> None:
    await world.add_tasks("a")
    times = []
    for _ in range(120):
        for status in ("FAILED", "COMPLETED"):
            before = len(await world.told())
            await world.end("a", status, JOB)
            times += [world.now] * (len(await world.told()) - before)
            await world.pass_time(timedelta(seconds=30))
    assert (await world.kinds())[:3] == [FAILED, RECOVERED, FAILED]
    assert all(later - earlier >= 10 * MINUTE for earlier, later in zip(times, times[2:], strict=False))
    await world.pass_time(20 * MINUTE)
    assert (await world.kinds())[-1] == RECOVERED
    incident = await world.the_incident()
    assert (incident["open"], incident["reopened"] >= 1) == (False, True)


async def test_an_incident_that_comes_again_is_the_same_within_an_hour_and_a_new_one_later(world: World) -> None:
    await world.add_tasks("a")
    await world.end("a", "FAILED", JOB)
    await world.end("a", "COMPLETED")
    await world.pass_time(59 * MINUTE)
    await world.end("a", "FAILED", JOB)
    assert (await world.the_incident())["reopened"] == 1
    await world.pass_time(MINUTE)
    await world.end("a", "COMPLETED")
    assert await world.kinds() == [FAILED, RECOVERED, FAILED]
    await world.pass_time(9 * MINUTE)
    assert await world.kinds() == [FAILED, RECOVERED, FAILED, RECOVERED]
    await world.pass_time(61 * MINUTE)
    await world.end("a", "FAILED", JOB)
    first, second = await world.incidents()
    assert (first["open"], first["latest"], second["open"], second["latest"]) == (False, False, True, True)
    assert len({each["_id"] async for each in world.database.notifications.find({})}) == 5


async def test_a_host_that_comes_again_later_is_a_new_incident(world: World) -> None:
    await world.add_tasks("a")
    for _ in range(3):
        await world.end("a", "FAILED")
        await world.end("a", "COMPLETED")
        await world.pass_time(61 * MINUTE)
    assert [each["sequence"] for each in await world.incidents()] == [0, 1, 2]
    assert await world.kinds() == [FAILED, RECOVERED] * 3


async def test_with_alert_after_three_the_third_failed_run_in_a_row_is_told(world: World) -> None:
    await world.add_tasks("a", alert_after=3)
    for status in ("RETRY", "FAILED", "FAILED"):
        await world.end("a", status, JOB)
        await world.pass_time(MINUTE)
    assert await world.told() == []
    await world.end("a", "COMPLETED")
    for _ in range(2):
        await world.pass_time(MINUTE)
        await world.end("a", "FAILED", JOB)
    assert await world.told() == []
    await world.pass_time(MINUTE)
    await world.end("a", "FAILED", JOB)
    assert await world.told() == [(FAILED, 'Task "a" has failed')]
    await world.end("a", "COMPLETED")
    assert await world.kinds() == [FAILED, RECOVERED]


async def test_a_failure_that_is_recorded_again_counts_once(world: World) -> None:
    await world.add_tasks("a", alert_after=2)
    run = world.run("a", "FAILED", JOB)
    for _ in range(3):
        await world.end_runs(run)
        await world.keeper.keep_due()
    assert await world.told() == []
    (alert,) = await world.alerts()
    assert (alert["failures"], alert["rev"], alert["pending"]) == (1, 1, False)


async def test_a_failure_that_is_recorded_again_after_the_end_opens_nothing(world: World) -> None:
    await world.add_tasks("a")
    failed = world.run("a", "FAILED", JOB)
    await world.end_runs(failed)
    await world.pass_time(MINUTE)
    done = world.run("a", "COMPLETED")
    await world.end_runs(done)
    await world.pass_time(MINUTE)
    for _ in range(2):
        await world.end_runs(failed, done)
        await world.pass_time(MINUTE)
    assert await world.kinds() == [FAILED, RECOVERED]


async def test_a_success_that_is_recorded_late_ends_no_later_failure(world: World) -> None:
    await world.add_tasks("a")
    done = world.run("a", "COMPLETED")
    world.clock.time += MINUTE
    await world.end("a", "FAILED", JOB)
    await world.end_runs(done)
    await world.keeper.keep_due()
    assert await world.kinds() == [FAILED]
    assert (await world.the_incident())["open"]


async def test_an_overlapping_run_that_fails_after_a_success_is_told_and_recovers(world: World) -> None:
    """It carries the number of the alert that has ended."""
    await world.add_tasks("a")
    await world.end("a", "FAILED", JOB)
    await world.end("a", "COMPLETED")
    await world.pass_time(61 * MINUTE)
    await world.end("a", "FAILED", JOB, incident=0, due_at=world.now - 65 * MINUTE)
    assert await world.kinds() == [FAILED, RECOVERED, FAILED]
    await world.pass_time(10 * MINUTE)
    await world.end("a", "COMPLETED")
    await world.pass_time(10 * MINUTE)
    assert await world.kinds() == [FAILED, RECOVERED, FAILED, RECOVERED]


@pytest.mark.parametrize("status", ["FAILED", "RETRY"])
async def test_the_incident_of_a_one_off_task_is_closed_after_a_day(world: World, status: str) -> None:
    await world.add_tasks("once", next_run_at=None, active=[{"run": "u1/once:1", "shows": "RETRY"}])
    await world.end("once", status, JOB)
    await world.pass_time(MINUTE)
    assert (await world.the_incident())["open"]
    if status == "RETRY":
        await world.end("once", "FAILED", JOB)
    await world.database.tasks.update_one({"_id": "u1/once"}, {"$set": {"active": []}})
    await world.pass_time(15 * MINUTE)
    told = [FAILED] if status == "FAILED" else [BEGAN, FAILED]
    assert await world.kinds() == told
    assert (await world.the_incident())["open"]
    await world.pass_time(timedelta(days=1))
    assert await world.kinds() == [*told, CLOSED]
    assert not (await world.the_incident())["open"]
    (alert,) = await world.alerts()
    assert alert["ending"] == "FINISHED"


@pytest.mark.parametrize(
    ("hold", "ending"), [("PAUSED", "PAUSED"), ("CANCELLED", "CANCELLED"), ("DELETED", "DELETED"), (None, "DELETED")]
)
async def test_the_incident_of_a_task_that_does_not_run_any_more_is_closed(
    world: World, hold: str | None, ending: str
) -> None:
    await world.add_tasks("a", "b")
    await world.end("a", "FAILED", JOB)
    if hold is None:
        await world.database.tasks.delete_one({"_id": "u1/a"})
    else:
        await world.database.tasks.update_one({"_id": "u1/a"}, {"$set": {"hold": hold}})
    await world.pass_time(15 * MINUTE)
    reason = {"PAUSED": "is paused", "CANCELLED": "was cancelled", "DELETED": "was deleted"}[ending]
    closed = await world.database.notifications.find_one({"kind": CLOSED})
    assert closed is not None
    assert closed["subject"] == 'Task "a" is no longer watched'
    assert f"It {reason}." in closed["text"]
    assert await world.kinds() == [FAILED, CLOSED]
    incident, alert = await world.the_incident(), (await world.alerts())[0]
    assert (incident["open"], incident["pending"], alert["ending"]) == (False, False, ending)


async def test_what_failed_before_its_task_was_paused_is_told(world: World) -> None:
    await world.add_tasks("a", hold="PAUSED")
    await world.end("a", "FAILED", JOB)
    await world.pass_time(15 * MINUTE)
    assert await world.kinds() == [FAILED, CLOSED]
    assert not (await world.the_incident())["open"]


async def test_a_one_off_task_works_again_when_it_is_retried(world: World) -> None:
    await world.add_tasks("once", next_run_at=None)
    await world.end("once", "FAILED", JOB)
    await world.pass_time(HOUR)
    await world.end("once", "COMPLETED")
    assert await world.kinds() == [FAILED, RECOVERED]


async def test_a_one_off_task_does_not_delay_the_end_of_the_incident_of_its_host(world: World) -> None:
    await world.add_tasks("a")
    await world.add_tasks("once", next_run_at=None)
    await world.end_runs(world.run("a", "FAILED"), world.run("once", "FAILED"))
    await world.keeper.keep_due()
    await world.pass_time(HOUR)
    await world.end("a", "COMPLETED")
    await world.pass_time(MINUTE)
    assert await world.kinds() == [FAILED, RECOVERED]


@pytest.mark.parametrize("kind", [JOB, ErrorKind.CONNECT])
async def test_a_run_that_fails_after_its_task_was_paused_is_no_news(world: World, kind: ErrorKind) -> None:
    await world.add_tasks("a")
    await world.end("a", "FAILED", kind)
    await world.database.tasks.update_one({"_id": "u1/a"}, {"$set": {"hold": "PAUSED"}})
    await world.pass_time(15 * MINUTE)
    assert not (await world.the_incident())["open"]
    await world.pass_time(MINUTE)
    await world.end("a", "FAILED", kind)
    await world.pass_time(15 * MINUTE)
    assert await world.kinds() == [FAILED, CLOSED]
    assert not (await world.the_incident())["open"]
    assert [alert["ending"] for alert in await world.alerts()] == ["PAUSED"]


async def test_a_host_is_over_when_some_of_its_tasks_work_and_the_others_are_paused(world: World) -> None:
    await world.add_tasks("a", "b")
    await world.end_runs(world.run("a", "FAILED"), world.run("b", "FAILED"))
    await world.keeper.keep_due()
    await world.end("a", "COMPLETED")
    await world.database.tasks.update_one({"_id": "u1/b"}, {"$set": {"hold": "PAUSED"}})
    await world.pass_time(15 * MINUTE)
    assert await world.kinds() == [FAILED, RECOVERED]


async def test_reminders_come_until_the_incident_is_acknowledged_or_over(database: Database) -> None:
    async def hourly(_owner: str) -> timedelta:
        return timedelta(hours=1)

    world = World(database, reminder_interval=hourly)
    await world.add_tasks("a")
    await world.end("a", "FAILED", JOB)
    for _ in range(9):
        await world.pass_time(15 * MINUTE)
    assert await world.told() == [(FAILED, 'Task "a" has failed')] + [(STILL, 'Task "a" is still failing')] * 2
    await database.incidents.update_many({}, {"$set": {"acknowledged_at": world.now}})
    for _ in range(9):
        await world.pass_time(15 * MINUTE)
    assert await world.kinds() == [FAILED, STILL, STILL]
    await world.end("a", "COMPLETED")
    assert await world.kinds() == [FAILED, STILL, STILL, RECOVERED]


async def test_the_opening_of_a_host_is_held_back_while_the_check_says_so(database: Database) -> None:
    asked: list[str] = []
    holds = [True, True, False]

    async def check(host: str) -> bool:
        asked.append(host)
        return holds.pop(0)

    world = World(database, check_host=check)
    await world.add_tasks("a", "b")
    await world.end("b", "FAILED", JOB)
    await world.end("a", "FAILED")
    assert await world.told() == [(FAILED, 'Task "b" has failed')]
    await world.pass_time(timedelta(seconds=30))
    assert len(await world.told()) == 1
    await world.pass_time(timedelta(seconds=30))
    assert (await world.told())[1:] == [(FAILED, 'Task "a" has failed')]
    assert asked == [HOST] * 3


async def test_a_check_that_fails_holds_nothing_back(database: Database) -> None:
    async def fail(_host: str) -> bool:
        raise KeyError("a bug")

    world = World(database, check_host=fail)
    await world.add_tasks("a")
    await world.end("a", "FAILED")
    assert await world.kinds() == [FAILED]


async def test_a_bug_in_the_incidents_of_one_user_does_not_stop_those_of_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.harness import wait_until
    from tocsin.notifications.incidents import telling

    tell = telling.tell_incidents

    async def fail(database: Database, owner: str, *rest: Any) -> int:
        if owner == "u1":
            raise KeyError("a bug")
        return await tell(database, owner, *rest)

    monkeypatch.setattr(telling, "tell_incidents", fail)
    for owner in ("u1", "u2"):
        await world.add_tasks("a", owner=owner)
        await world.end_runs(world.run("a", "FAILED", JOB, owner=owner))
    world.keeper.start()
    try:

        async def told() -> bool:
            return await world.database.notifications.count_documents({"owner": "u2"}) == 1

        await wait_until(told)
    finally:
        await world.keeper.stop()
    assert await world.database.notifications.count_documents({"owner": "u1"}) == 0


async def test_many_tasks_that_fail_by_themselves_are_told_with_the_queries_of_one(database: Database) -> None:
    async def count(tasks: int) -> Counter[str]:
        log = CommandLog()
        async with logged(database, log) as counted:
            world = World(counted)
            failing = [f"{tasks}-{name}" for name in names(tasks)]
            await world.add_tasks(*failing)
            await world.end_runs(*(world.run(name, "FAILED", JOB) for name in failing))
            log.commands.clear()
            await world.keeper.keep_due()
            assert len(await world.told()) == tasks
        await database.notifications.delete_many({})
        return log.count("alerts", "incidents", "tasks", "notifications", "deliveries")

    assert await count(40) == await count(1)


async def test_a_run_that_was_lost_is_told_even_if_the_next_one_works_before_anybody_looks(database: Database) -> None:
    world = World(database)
    await world.add_tasks("a", "b")
    await world.end_runs(world.run("a", "FAILED"), world.run("b", "RETRY"))
    world.clock.time += timedelta(milliseconds=100)
    await world.end_runs(world.run("a", "COMPLETED"), world.run("b", "COMPLETED"))
    await world.keeper.keep_due()
    await world.keeper.keep_due()
    assert await world.kinds() == ["FAILED_FOR_GOOD", "RECOVERED"]
    assert (await world.the_incident())["subject_count"] == 1  # nothing of b was lost
