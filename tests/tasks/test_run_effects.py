"""The effects of a run on its task and its owner are applied once, also when a crash lost them."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.notifications.helpers import accept_by_list_only
from tests.tasks.helpers import add_run, ended_attempt, load_run, load_task, save_hourly_task
from tocsin import clock
from tocsin.documents import Database, Hold, RunStatus, Trigger
from tocsin.notifications.incidents.keeper import IncidentKeeper
from tocsin.tasks import reconciliation, run_effects

S = RunStatus


def run(number: int, status: RunStatus, round_: int = 0) -> Any:
    trigger = Trigger.SCHEDULE.value
    return {"_id": f"alice/t:{number}", "trigger": trigger, "status": status.value, "round": round_}


def task(named: list[int], last: int) -> Any:
    active = [{"run": f"alice/t:{number}", "shows": "PENDING"} for number in named]
    return {
        "_id": "alice/t", "active": active, "last_run": f"alice/t:{last}", "last_end": "COMPLETED", "hold": None,
        "next_run_at": None, "consecutive_failures": 3, "incident": 5, "status": "PENDING",
    }  # fmt: skip


def known(document: Any) -> Any:
    """Return the task without the order of its active runs."""
    return {**document, "active": sorted(document["active"], key=lambda entry: entry["run"])}


RUNS = st.lists(
    st.builds(run, st.integers(0, 5), st.sampled_from(RunStatus), st.integers(0, 1)), min_size=2, max_size=8
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(RUNS, st.sets(st.integers(0, 5)), st.integers(0, 5))
async def test_many_ends_at_once_are_the_same_as_one_by_one(
    database: Database, runs: list[Any], named: set[int], last: int
) -> None:
    before, found = task(sorted(named), last), list[Any]()
    for parts in ([runs], [[one] for one in runs]):
        await database.tasks.replace_one({"_id": before["_id"]}, before, upsert=True)
        for part in parts:
            updates = run_effects.task_updates(part)
            assert len(updates) == 1
            await database.tasks.bulk_write(updates)
        found.append(known(await load_task(database, "alice/t")))
    assert found[0] == found[1]


def test_what_follows_for_many_runs_is_a_few_updates() -> None:
    """Single updates rewrote a task that lists 300 runs 300 times: 25 deletions took 45 seconds."""
    runs = [run(number, S.CANCELLED) for number in range(300)]
    ids, now = [one["_id"] for one in runs], clock.now()
    assert len(run_effects.task_updates(runs)) == 1
    assert len(reconciliation.stop_updates(ids, Hold.DELETED, now)) == 3


async def mailed(database: Database) -> list[str]:
    """Keep the incidents, and return the kinds of the queued mails, in order."""
    await IncidentKeeper(database, timedelta(0)).keep_due()
    return [mail["kind"] async for mail in database.deliveries.find({}).sort("queued_at", 1)]


async def end_run(database: Database, task_id: str, status: RunStatus, hours_ago: int, **changes: Any) -> None:
    """Insert an open run of the task, end it with this status, and apply the effects."""
    changes = {"attempts": [ended_attempt()], "incident": (await load_task(database, task_id))["incident"], **changes}
    run_id = await add_run(database, task_id, S.RUNNING, ago=timedelta(hours=hours_ago), **changes)
    ended = {"status": status, "open": False, "finished_at": clock.now()}
    await database.runs.update_one({"_id": run_id}, {"$set": ended})
    stored = await database.runs.find({"_id": run_id}).to_list()
    for _ in range(2):  # as after a crash: nothing is counted or mailed twice
        await run_effects.apply_effects(database, stored)


async def test_a_failure_is_mailed_once_until_a_success_ends_the_incident(database: Database) -> None:
    task_id = (await save_hourly_task(database)).id
    await end_run(database, task_id, S.FAILED, 5)
    await end_run(database, task_id, S.FAILED, 4)
    assert await mailed(database) == ["FAILED_FOR_GOOD"]
    failing = await load_task(database, task_id)
    assert (failing["consecutive_failures"], failing["incident"], failing["last_end"]) == (2, 0, "FAILED")
    await end_run(database, task_id, S.COMPLETED, 3)
    assert await mailed(database) == ["FAILED_FOR_GOOD", "RECOVERED"]
    working = await load_task(database, task_id)
    assert (working["consecutive_failures"], working["incident"], working["last_end"]) == (0, 1, "COMPLETED")
    await end_run(database, task_id, S.FAILED, 2)
    assert await mailed(database) == ["FAILED_FOR_GOOD", "RECOVERED"]  # two in ten minutes are enough
    (incident,) = await database.incidents.find({}).to_list()
    assert (incident["open"], incident["reopened"]) == (True, 1)


async def test_a_failure_after_an_inconclusive_one_is_the_first_that_counts(database: Database) -> None:
    task_id = (await save_hourly_task(database)).id
    await end_run(database, task_id, S.RETRY, 3, reason="INCONCLUSIVE", open=True)
    await end_run(database, task_id, S.FAILED, 2, reason="INCONCLUSIVE")
    assert (await mailed(database), (await load_task(database, task_id))["consecutive_failures"]) == ([], 0)
    await end_run(database, task_id, S.FAILED, 1, round=1, inconclusive_rounds=1)
    assert await mailed(database) == ["FAILED_FOR_GOOD"]
    assert (await load_task(database, task_id))["consecutive_failures"] == 1


@pytest.mark.parametrize("times", [{}, {"retry_at": None}])
async def test_by_any_channel_no_beginning_is_notified_of_after_the_end(
    database: Database, monkeypatch: pytest.MonkeyPatch, times: dict[str, Any]
) -> None:
    accept_by_list_only(monkeypatch)
    task_id = (await save_hourly_task(database)).id
    retried = {"retry_at": clock.now(), "open": True, **times}
    await end_run(database, task_id, S.RETRY, 5, **retried)
    assert await mailed(database) == ["BEGAN_FAILING"]
    await end_run(database, task_id, S.FAILED, 4)
    assert await mailed(database) == ["BEGAN_FAILING", "FAILED_FOR_GOOD"]
    await database.deliveries.delete_one({"kind": "BEGAN_FAILING"})
    await end_run(database, task_id, S.RETRY, 3, **retried)
    assert await mailed(database) == ["FAILED_FOR_GOOD"]


@pytest.mark.parametrize(
    "changes",
    [
        {"trigger": Trigger.MANUAL, "incident": None},
        {"round": 1},
        {"round": 2, "inconclusive_rounds": 1},
        {"reason": "INCONCLUSIVE"},
        {"status": S.CANCELLED},
    ],
)
async def test_what_people_run_or_cancel_is_not_mailed(database: Database, changes: dict[str, Any]) -> None:
    task_id = (await save_hourly_task(database)).id
    status = changes.pop("status", S.FAILED)
    await end_run(database, task_id, status, 1, **changes)
    assert await mailed(database) == []
    assert (await load_task(database, task_id))["consecutive_failures"] == 0


async def test_only_a_released_run_is_a_reason_to_look_for_runs(database: Database) -> None:
    """A mail woke the dispatcher too, which found nothing."""
    task_id = (await save_hourly_task(database)).id
    changes: Any = {"attempts": [ended_attempt()], "incident": 0, "open": False}
    failed = await add_run(database, task_id, S.FAILED, ago=timedelta(hours=2), **changes)
    stored = await load_run(database, failed)
    assert await run_effects.apply_effects(database, [stored]) is False
    assert await mailed(database) == ["FAILED_FOR_GOOD"]
    await add_run(database, task_id, S.QUEUED, ago=timedelta(hours=1), blocked=True, after=failed, rank=None)
    assert await run_effects.apply_effects(database, [stored]) is True


async def test_effects_that_a_crash_lost_are_applied_once(database: Database) -> None:
    task_id = (await save_hourly_task(database)).id
    failed = await add_run(database, task_id, S.RUNNING, ago=timedelta(hours=3), attempts=[ended_attempt()])
    waiting = await add_run(database, task_id, S.QUEUED, ago=timedelta(hours=2), blocked=True, after=failed, rank=None)
    deleted = await add_run(database, task_id, S.QUEUED, ago=timedelta(hours=1))
    await database.runs.update_one({"_id": failed}, {"$set": {"status": S.FAILED, "open": False}})
    await database.runs.delete_one({"_id": deleted})
    assert await run_effects.repair_tasks(database) == 3
    task = await load_task(database, task_id)
    assert [entry["run"] for entry in task["active"]] == [waiting]
    assert (task["consecutive_failures"], task["status"]) == (1, "PENDING")
    assert (await load_run(database, waiting)).get("blocked") is False
    assert await mailed(database) == ["FAILED_FOR_GOOD"]
    assert await run_effects.repair_tasks(database) == 1
    assert await load_task(database, task_id) == task
