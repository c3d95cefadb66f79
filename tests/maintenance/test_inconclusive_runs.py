"""Inconclusive runs are marked, uncounted and tried again exactly once, whenever a process dies."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from pymongo.asynchronous.collection import AsyncCollection

from tests.maintenance.network_helpers import add_admin, look_often, network_state, serve_switchable, told
from tests.outbound.servers import open_shared_client
from tests.tasks.helpers import load_run, load_task, save_hourly_task
from tocsin import clock
from tocsin.documents import Database, RunDocument, RunStatus, Task, Trigger
from tocsin.documents.deferred_runs import DeferredRun
from tocsin.maintenance import network_watch, outage_plan
from tocsin.maintenance.network_watch import NetworkWatch
from tocsin.outbound.canaries import Canaries
from tocsin.outbound.reachability import Reachability
from tocsin.tasks.network_failures import find_network_failure, record_network_failures
from tocsin.tasks.run_effects import RunProjection
from tocsin.tasks.runs import new_task_run
from tocsin.wakeups import Wakeups

HOUR = timedelta(hours=1)
WRITES = ("bulk_write", "update_one", "update_many", "insert_one", "insert_many", "delete_many")
REFUSED: Any = {"kind": "CONNECT", "message": "The connection was refused.", "hint": None}


class Killed(Exception):
    """The process died at this point."""


@contextmanager
def killed_before_write(number: int) -> Iterator[list[str]]:
    """Raise Killed at the nth write of the block, and at all that follow. Yields the writes that were tried."""
    tried: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for name in WRITES:
            patch.setattr(AsyncCollection, name, _killing(getattr(AsyncCollection, name), tried, number))
        yield tried


def _killing(write: Any, tried: list[str], number: int) -> Any:
    async def write_or_die(self: Any, *args: Any, **kwargs: Any) -> Any:
        if (names := f"{self.name}.{write.__name__}") and self.name != "change_batches":
            tried.append(names)
            if len(tried) > number:
                raise Killed
        return await write(self, *args, **kwargs)

    return write_or_die


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    look_often(monkeypatch)


async def add_failed_run(database: Database, task: Task, *, minutes: int = 0, **changes: Any) -> RunDocument:
    """Insert a run that failed by the network, as the worker `w` leaves it: counted in its task, and recorded."""
    document: Any = await database.tasks.find_one({"_id": task.id})
    at = clock.now()
    due = at - timedelta(minutes=minutes)
    run: Any = new_task_run(document, f"{task.id}:{int(due.timestamp() * 1000)}", due, Trigger.SCHEDULE, at)
    attempt: Any = {
        "number": 1, "worker": "w", "started_at": at, "finished_at": at, "outcome": "FAILED", "error": REFUSED,
    }  # fmt: skip
    run |= {"status": "FAILED", "open": False, "rank": None, "finished_at": at, "error": REFUSED, "fence": 1}
    run |= {"attempts": [attempt], "reason": "RETRIES_USED_UP", **changes}
    await database.runs.insert_one(run)
    counted = {"$set": {"last_run": run["_id"], "last_end": "FAILED"}, "$inc": {"consecutive_failures": 1}}
    await database.tasks.update_one({"_id": task.id}, counted)
    failure = find_network_failure(run, attempt)
    assert failure is not None
    await record_network_failures(database, [failure])
    found: RunDocument = run
    return found


class Watch:
    """The watch of a process without workers. `pass_through` makes several steps."""

    def __init__(self, database: Database, client: Any, url: str, worker: str) -> None:
        self.reachability = Reachability(is_watched=True)
        self.marked: list[str] = []
        self.watch = NetworkWatch(
            database, Canaries(client, [url]), self.reachability, worker, Wakeups(), self._note_marked
        )

    async def _note_marked(self, runs: list[RunDocument]) -> None:
        self.marked += [run["_id"] for run in runs]

    async def step(self, times: int = 1) -> None:
        for _ in range(times):
            await self.watch.watch_network()


async def test_wherever_a_process_dies_each_run_is_marked_and_tried_again_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outage_plan, "SILENCE", timedelta(0))
    monkeypatch.setattr(outage_plan, "RETRIER_LEASE", timedelta(0))
    monkeypatch.setattr(network_watch, "_ORPHANED", timedelta(0))
    await add_admin("carol")
    reached: list[str] = []
    for number in range(100):
        task = await save_hourly_task(database)
        run = await add_failed_run(database, task)
        tried = await _live_through_outage(database, number)
        stored, after = await load_run(database, run["_id"]), await load_task(database, task.id)
        state = await network_state(database)
        assert (number, stored["status"], stored["round"]) == (number, "QUEUED", 1), tried
        assert (number, stored.get("inconclusive_rounds")) == (number, 1)
        assert (number, after["consecutive_failures"], after.get("uncounted")) == (number, 0, [run["_id"]])
        assert (number, [entry["run"] for entry in after["active"]]) == (number, [run["_id"]])
        assert (number, await database.network_failures.count_documents({})) == (number, 0)
        assert (number, state["open"], state["is_end_announced"]) == (number, False, True)
        assert (number, state.get("untold_end")) == (number, None)
        assert (number, await told(database)) == (number, [("carol", "NETWORK_DOWN"), ("carol", "NETWORK_UP")])
        await database.notifications.delete_many({})
        reached += tried[number:]
        if len(tried) <= number:
            break
    assert {"network_states.insert_one", "runs.bulk_write", "tasks.bulk_write"} <= set(reached)
    assert {"network_failures.update_many", "network_failures.delete_many"} <= set(reached)


async def _live_through_outage(database: Database, number: int) -> list[str]:
    """Have a process die before its nth write in an outage, and another one take over. Return the writes."""
    await database.network_states.delete_many({})
    async with serve_switchable() as canary, open_shared_client() as client:
        first = Watch(database, client, canary.url, "w")
        await canary.close()
        with killed_before_write(number) as tried:
            try:
                first.reachability.report_failures()
                await first.step(2)
                await canary.open()
                await first.step(4)
            except Killed:
                is_told = (await network_state(database)).get("is_end_announced")
                await (canary.open() if is_told else canary.close())  # another outage would be told again
        second = Watch(database, client, canary.url, "second")
        second.reachability.report_failures()
        await second.step(2)
        await canary.open()
        await second.step(5)
    return tried


async def test_what_failed_before_a_look_that_is_answered_is_the_fault_of_its_target(database: Database) -> None:
    task = await save_hourly_task(database)
    run = await add_failed_run(database, task)
    async with serve_switchable() as canary, open_shared_client() as client:
        watch = Watch(database, client, canary.url, "w")
        await watch.step()
        await canary.close()
        watch.reachability.report_failures()
        await watch.step()
    assert watch.reachability.is_cut_off
    assert (await load_run(database, run["_id"]))["reason"] == "RETRIES_USED_UP"
    assert (await load_task(database, task.id))["consecutive_failures"] == 1
    assert watch.marked == []


async def test_a_failure_that_nobody_explained_for_long_is_not_put_down_to_an_outage_of_now(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await save_hourly_task(database)
    run = await add_failed_run(database, task)
    monkeypatch.setattr(network_watch, "LOOK_BACK", timedelta(0))
    async with serve_switchable() as canary, open_shared_client() as client:
        await canary.close()
        watch = Watch(database, client, canary.url, "w")
        await watch.step()
    assert watch.reachability.is_cut_off
    assert (await load_run(database, run["_id"]))["reason"] == "RETRIES_USED_UP"
    assert await database.network_failures.count_documents({}) == 0


async def test_a_run_that_waits_for_its_retry_is_marked_and_goes_on_by_itself(database: Database) -> None:
    task = await save_hourly_task(database)
    retry_at = clock.now() + HOUR
    waiting: Any = {"status": "RETRY", "open": True, "reason": None, "finished_at": None, "retry_at": retry_at}
    run = await add_failed_run(database, task, **waiting)
    async with serve_switchable() as canary, open_shared_client() as client:
        await canary.close()
        watch = Watch(database, client, canary.url, "w")
        await watch.step()
        stored = await load_run(database, run["_id"])
        assert (stored["status"], stored["reason"], stored["retry_at"]) == ("RETRY", "INCONCLUSIVE", retry_at)
        assert [each["is_inconclusive"] for each in stored["attempts"]] == [True]
        assert watch.marked == [run["_id"]]
        assert await database.network_failures.count_documents({}) == 0


async def test_a_deferred_run_is_marked_once_it_is_written_and_its_end_is_counted(database: Database) -> None:
    task = await save_hourly_task(database)
    run = await add_failed_run(database, task)
    await database.tasks.update_one({"_id": task.id}, {"$set": {"consecutive_failures": 0}})
    await database.runs.delete_one({"_id": run["_id"]})
    deferred = DeferredRun(run, lambda _: (task.id, RunProjection("", RunStatus.FAILED, False)), None, "record")
    database.deferred.add([deferred])
    async with serve_switchable() as canary, open_shared_client() as client:
        await canary.close()
        watch = Watch(database, client, canary.url, "w")
        await watch.step()
        assert await database.network_failures.count_documents({"state": "SUSPECTED"}) == 1
        await database.runs.insert_one(run)
        await watch.step()
        assert watch.marked == []
        await database.tasks.update_one({"_id": task.id}, {"$set": {"consecutive_failures": 1}})
        database.deferred.remove([deferred])
        await watch.step()
    assert watch.marked == [run["_id"]]
    assert (await load_run(database, run["_id"]))["reason"] == "INCONCLUSIVE"
    after = await load_task(database, task.id)
    assert (after["consecutive_failures"], after.get("uncounted")) == (0, [run["_id"]])


async def test_only_the_latest_run_of_a_task_is_tried_again(database: Database) -> None:
    task = await save_hourly_task(database)
    runs = [await add_failed_run(database, task, minutes=minutes) for minutes in range(300, 0, -1)]
    async with serve_switchable() as canary, open_shared_client() as client:
        await canary.close()
        watch = Watch(database, client, canary.url, "w")
        await watch.step(2)
        assert (await load_task(database, task.id))["consecutive_failures"] == 0
        await canary.open()
        await watch.step(6)
    statuses = [(run["status"], run["reason"]) async for run in database.runs.find({}).sort("due_at", 1)]
    assert statuses == [("FAILED", "INCONCLUSIVE")] * (len(runs) - 1) + [("QUEUED", None)]
    assert await database.network_failures.count_documents({}) == 0


@pytest.mark.parametrize("pinned", [True, False])
async def test_a_run_takes_the_settings_of_its_task_as_they_are_now_unless_it_is_pinned(
    database: Database, pinned: bool
) -> None:
    task = await save_hourly_task(database)
    run = await add_failed_run(database, task, pinned=pinned)
    await database.tasks.update_one({"_id": task.id}, {"$set": {"name": "renamed", "timeout": 7.0}})
    async with serve_switchable() as canary, open_shared_client() as client:
        await canary.close()
        watch = Watch(database, client, canary.url, "w")
        await watch.step(2)
        await canary.open()
        await watch.step(4)
    again = await load_run(database, run["_id"])
    assert (again["status"], again["timeout"]) == ("QUEUED", None if pinned else 7.0)


async def test_a_success_in_between_leaves_the_streak_alone(database: Database) -> None:
    task = await save_hourly_task(database)
    await add_failed_run(database, task)
    await database.tasks.update_one({"_id": task.id}, {"$set": {"incident": 1, "consecutive_failures": 1}})
    async with serve_switchable() as canary, open_shared_client() as client:
        await canary.close()
        await Watch(database, client, canary.url, "w").step()
    assert (await load_task(database, task.id))["consecutive_failures"] == 1


async def test_owners_take_turns_however_many_runs_one_has(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_watch, "PART", 20)
    monkeypatch.setattr(network_watch, "MAX_RETRIES_PER_TURN", 21)
    many = [await save_hourly_task(database) for _ in range(30)]
    single = await save_hourly_task(database, owner="bob")
    for task in [*many, single]:
        await add_failed_run(database, task)
    async with serve_switchable() as canary, open_shared_client() as client:
        await canary.close()
        watch = Watch(database, client, canary.url, "w")
        await watch.step(2)
        await canary.open()
        await watch.step(2)
        requeued = [run["owner"] async for run in database.runs.find({"status": "QUEUED"})]
        assert sorted(requeued) == ["alice"] * 20 + ["bob"]
        await watch.step(2)
    assert await database.runs.count_documents({"status": "QUEUED"}) == 31
    assert await database.network_failures.count_documents({}) == 0


async def test_the_runs_of_a_process_that_is_not_cut_off_are_not_judged_by_those_of_another(
    database: Database,
) -> None:
    task = await save_hourly_task(database)
    run = await add_failed_run(database, task)
    async with serve_switchable() as reached, serve_switchable() as canary, open_shared_client() as client:
        await canary.close()
        cut_off, connected = (
            Watch(database, client, canary.url, "other"),
            Watch(database, client, reached.url, "w"),
        )
        await cut_off.step()
        assert await connected.watch.is_held("example.org")
        connected.reachability.report_failures()
        await connected.step()
        assert not connected.reachability.is_cut_off
        await canary.open()
        for _ in range(3):
            await cut_off.step()
            await connected.step()
    assert (await load_run(database, run["_id"]))["reason"] == "RETRIES_USED_UP"
    assert not (await network_state(database))["open"]
    assert cut_off.marked == connected.marked == []
