"""Many ended runs of one task, applied in one update: the result equals that of single updates."""

import asyncio
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tasks.helpers import add_run, load_run, load_task, save_hourly_task
from tocsin import clock
from tocsin.documents import Database, Doc, Hold, RunStatus, Trigger
from tocsin.tasks import lifecycle, reconciliation, run_effects

S = RunStatus


def run(number: int, status: RunStatus, round_: int = 0) -> Doc:
    trigger = Trigger.SCHEDULE.value
    return {"_id": f"alice/t:{number}", "trigger": trigger, "status": status.value, "round": round_}


def task(named: list[int], last: int) -> Doc:
    active = [{"run": f"alice/t:{number}", "shows": "PENDING"} for number in named]
    return {
        "_id": "alice/t", "active": active, "last_run": f"alice/t:{last}", "last_end": "COMPLETED", "hold": None,
        "next_run_at": None, "consecutive_failures": 3, "incident": 5, "status": "PENDING",
    }  # fmt: skip


def known(document: Doc) -> Doc:
    """Return the task without the order of its active runs."""
    return {**document, "active": sorted(document["active"], key=lambda entry: entry["run"])}


RUNS = st.lists(
    st.builds(run, st.integers(0, 5), st.sampled_from(RunStatus), st.integers(0, 1)), min_size=2, max_size=8
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(RUNS, st.sets(st.integers(0, 5)), st.integers(0, 5))
async def test_many_ends_at_once_are_the_same_as_one_by_one(
    database: Database, runs: list[Doc], named: set[int], last: int
) -> None:
    before, found = task(sorted(named), last), list[Doc]()
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


async def many_open(database: Database, count: int) -> tuple[str, list[str]]:
    """Save a task with this many open runs, most of them queued. Return it with the IDs of its runs."""
    made = await save_hourly_task(database)
    states = [S.RUNNING, S.RETRY]
    ids = [await add_run(database, made.id, state, ago=timedelta(days=index)) for index, state in enumerate(states, 1)]
    first = await load_run(database, await add_run(database, made.id, S.QUEUED))
    copies = [first | {"_id": f"{made.id}:{number}"} for number in range(count)]
    await database.runs.insert_many(copies)
    entries = [{"run": copy["_id"], "shows": "PENDING"} for copy in copies]
    await database.tasks.update_one({"_id": made.id}, {"$push": {"active": {"$each": entries}}})
    return made.id, [*ids, first["_id"], *(copy["_id"] for copy in copies)]


async def test_a_task_with_more_open_runs_than_a_slice_is_paused_and_then_deleted(database: Database) -> None:
    task_id, ids = await many_open(database, reconciliation.SLICE_SIZE + 10)
    await lifecycle.pause_task(database, "alice", task_id, clock.now())
    paused = await load_task(database, task_id)
    assert [entry["run"] for entry in paused["active"]] == [ids[0]]
    assert (paused["status"], paused["reconcile"]) == ("PAUSED", False)
    await lifecycle.delete_task(database, "alice", task_id, clock.now())
    assert await load_task(database, task_id) == {}
    found = await database.runs.find({"_id": {"$in": ids}}).to_list()
    assert {(one["status"], one["reason"]) for one in found if one["_id"] != ids[0]} == {("CANCELLED", "TASK_PAUSED")}
    assert (await load_run(database, ids[0]))["final"] == {"status": "CANCELLED", "reason": "TASK_DELETED"}


async def test_long_work_of_one_owner_leaves_room_for_anothers(database: Database) -> None:
    """Twenty concurrent deletions run one slice at a time, and another owner's deletion runs in between."""
    theirs = [await many_open(database, 30) for _ in range(8)]
    mine = await save_hourly_task(database, owner="bob")
    waiting = await add_run(database, mine.id, S.QUEUED)
    ends: list[str] = []

    async def delete(owner: str, task_id: str) -> None:
        await lifecycle.delete_task(database, owner, task_id, clock.now())
        ends.append(owner)

    async with asyncio.TaskGroup() as group:
        for task_id, _ in theirs:
            group.create_task(delete("alice", task_id))
        group.create_task(delete("bob", mine.id))
    assert (await load_run(database, waiting))["status"] == "CANCELLED"
    assert ends.index("bob") < 5


async def test_a_delete_lets_none_of_the_waiting_runs_go(database: Database) -> None:
    """The blocking runs are in one slice, and those that wait for them in the next."""
    task_id, ids = await many_open(database, reconciliation.SLICE_SIZE + 10)
    waiting = {"blocked": True, "after": ids[0], "rank": None, "ready_at": None}
    await database.runs.update_many({"_id": {"$in": ids[2:]}}, {"$set": waiting})
    await database.runs.update_one({"_id": ids[0]}, {"$set": {"status": "QUEUED", "attempts": []}})
    await lifecycle.delete_task(database, "alice", task_id, clock.now())
    found = await database.runs.find({"_id": {"$in": ids}}).to_list()
    assert {(one["status"], one["blocked"]) for one in found if one["_id"] in ids[2:]} == {("CANCELLED", False)}
    assert {one["ready_at"] for one in found if one["_id"] in ids[2:]} == {None}  # a dispatcher never saw them
