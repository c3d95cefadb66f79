"""The ledger over the real database, with a crash after each number of writes, for tasks and workflows."""

import contextlib
import itertools
import json
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from pymongo.errors import AutoReconnect, PyMongoError

from tests.harness import SECRETS, save_task
from tests.harness import make_settings as make_settings
from tests.scheduling.ledger import faults
from tests.scheduling.passes import Passes, passes
from tests.tasks.helpers import AWAY
from tocsin import clock, schedules
from tocsin.documents import Database, Overlap, RawDocument, Trigger, User
from tocsin.schedules import Cron, Every, Misfire, MisfirePolicy, Schedule
from tocsin.scheduling.planning import scheduled_run_id
from tocsin.tasks import saving
from tocsin.tasks.runs import new_task_run
from tocsin.workflows import saving as workflow_saving
from tocsin.workflows.engine.scheduler import WorkflowScheduler
from tocsin.workflows.language.yaml_reader import parse_yaml
from tocsin.workflows.versions import VersionCache

SECOND = timedelta(seconds=1)


class Fragile:
    """A collection whose writes fail after a number of documents, as when the database is killed."""

    def __init__(self, collection: Any, left: list[int]) -> None:
        self._collection, self._left = collection, left

    def insert_many(self, documents: list[Any], *, ordered: bool) -> Any:
        going = documents[: max(self._left[0], 0)]
        self._left[0] -= len(documents)
        if len(going) == len(documents):
            return self._collection.insert_many(documents, ordered=ordered)
        if going:
            self._collection.insert_many(going, ordered=ordered)
        raise AutoReconnect("killed")

    def bulk_write(self, updates: list[Any], *, ordered: bool) -> Any:
        self._left[0] -= 1
        if self._left[0] < 0:
            raise AutoReconnect("killed")
        return self._collection.bulk_write(updates, ordered=ordered)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._collection, name)


class Clock:
    """A fake of `clock.now()`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.moment = clock.now().replace(microsecond=0) + timedelta(hours=1)
        monkeypatch.setattr(clock, "now", lambda: self.moment)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that stands still until it is moved."""
    return Clock(monkeypatch)


async def all_kinds(database: Database, due: datetime) -> list[Any]:
    """Make a task for each misfire policy, grace period, overlap policy and kind of schedule, all due at this time."""
    kinds: list[Schedule] = [Every(SECOND, due), Cron("* * * * * *", "Europe/Berlin")]
    graces = [timedelta(), SECOND, timedelta(minutes=1)]
    tasks = []
    for schedule, policy, grace, overlap in itertools.product(kinds, MisfirePolicy, graces, Overlap):
        task = await save_task(database, AWAY, schedule, misfire=Misfire(policy, grace, 3), overlap=overlap)
        await database.tasks.update_one({"_id": task.id}, {"$set": {"next_run_at": due}})
        tasks.append({"_id": task.id, "schedule": schedule})
    return tasks


async def check(database: Database, tasks: list[Any], due: datetime, now: datetime) -> None:
    for task in tasks:
        stored = await database.tasks.find_one({"_id": task["_id"]})
        assert stored is not None
        assert stored["next_run_at"] == now + SECOND
        runs = await database.runs.find({"task": task["_id"]}).to_list()
        assert faults(task["schedule"], due, now + SECOND, runs) == [], (stored["misfire"], stored["overlap"])


async def crash_after(made: Passes, writes: int) -> None:
    """Make a pass of a scheduler that is killed after a number of writes."""
    left = [writes]
    firer: Any = made.firer
    runs, tasks = firer._runs, firer._tasks
    firer._runs = firer._writer._runs = Fragile(runs, left)
    firer._tasks = Fragile(tasks, left)
    try:
        await made.make()
    except PyMongoError:
        pass
    finally:
        firer._runs = firer._writer._runs = runs
        firer._tasks = tasks


ALL = 54
"""Number of tasks of `all_kinds`, and so of writes of their first runs."""


@pytest.mark.parametrize(
    "writes", [[0], [ALL // 2], [ALL], [ALL + 20], [ALL + 1], [ALL, ALL // 3, 3 * ALL], [ALL, ALL, ALL]]
)
async def test_a_crash_after_any_number_of_writes(database: Database, time: Clock, writes: list[int]) -> None:
    due = time.moment
    tasks = await all_kinds(database, due)
    for number, count in enumerate(writes):
        async with passes(database, room=20) as made:
            await crash_after(made, count)
        time.moment += (4 + 60 * (number % 2)) * SECOND
    async with passes(database, room=20) as made:
        await made.make()
        assert made.in_flight.reserve(100) == 20 - len(made.in_flight.runs)
    await check(database, tasks, due, time.moment)


async def test_tasks_found_late_and_killed_between_their_runs(database: Database, time: Clock) -> None:
    due = time.moment
    tasks = await all_kinds(database, due)
    time.moment += 100 * SECOND
    for writes in (ALL, ALL + 30, 2 * ALL):
        async with passes(database) as made:
            await crash_after(made, writes)
        time.moment += 3 * SECOND
    async with passes(database) as one, passes(database) as other:
        await one.make()
        time.moment += SECOND
        await other.make()
    await check(database, tasks, due, time.moment)


async def test_runs_that_an_older_version_left_unordered_are_completed(database: Database, time: Clock) -> None:
    due = time.moment
    tasks = await all_kinds(database, due)
    for task in tasks:
        stored: Any = await database.tasks.find_one({"_id": task["_id"]})
        for second in (0, 5):
            at = due + second * SECOND
            await database.runs.insert_one(
                new_task_run(stored, scheduled_run_id(task["_id"], at), at, Trigger.SCHEDULE, at)
            )
    time.moment += 9 * SECOND
    async with passes(database) as made:
        await made.make()
    await check(database, tasks, due, time.moment)


# --- workflows ------------------------------------------------------------------------------------------------------


class FragileRuns:
    """The workflow runs of a database that is killed after a number of writes."""

    def __init__(self, collection: Any, writes: int) -> None:
        self._collection, self._left = collection, writes

    async def insert_one(self, document: Any) -> Any:
        self._left -= 1
        if self._left < 0:
            raise AutoReconnect("killed")
        return await self._collection.insert_one(document)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._collection, name)


class FragileDatabase:
    """A database with such workflow runs. A workflow advances only if the writes suffice for that too."""

    def __init__(self, database: Database, writes: int) -> None:
        self._database = database
        self.workflow_runs = FragileRuns(database.workflow_runs, writes)
        self.changes = database.changes

    @property
    def workflows(self) -> Any:
        return self._database.workflows


async def load_workflow(database: Database, workflow_id: str) -> RawDocument:
    return await database.db["workflows"].find_one({"_id": workflow_id}) or {}


async def save_workflow(database: Database, schedule: Any, overlap: str) -> Any:
    step = {"key": "a", "job": "http", "params": {"url": AWAY}}
    text = {"name": "w", "steps": [step], "schedule": schedule, "overlap": overlap}
    return await workflow_saving.save_workflow(database, SECRETS, "alice", parse_yaml(json.dumps(text)), clock.now())


@pytest.mark.parametrize("overlap", ["SKIP", "QUEUE", "ALLOW"])
@pytest.mark.parametrize("late", [0, 3, 61])
async def test_a_workflow_crashes_after_any_number_of_writes(
    database: Database, time: Clock, overlap: str, late: int
) -> None:
    await User(id="alice", email="alice@example.com", password="-", created_at=clock.now()).insert()
    saved = await save_workflow(database, {"every": {"interval": "PT1S"}}, overlap)
    versions = VersionCache(database, SECRETS, make_settings())
    due: datetime = saved["next_run_at"]
    time.moment = due + late * SECOND
    for writes in (0, 1, 2, 4, 3, 5, 1, 1):
        with contextlib.suppress(AutoReconnect):
            await WorkflowScheduler(cast("Database", FragileDatabase(database, writes)), versions).fire_due(time.moment)
        time.moment += (2 + 58 * (writes % 2)) * SECOND
    await WorkflowScheduler(database, versions).fire_due(time.moment)
    stored = await load_workflow(database, saved["_id"])
    assert stored["next_run_at"] == time.moment + SECOND
    runs = await database.workflow_runs.find({"workflow": saved["_id"]}).to_list()
    assert faults(schedules.schedule_from_document(stored["schedule"]), due, stored["next_run_at"], runs) == []


@pytest.mark.parametrize("writes", [0, 2])
async def test_due_times_stay_due_when_a_workflow_is_edited_after_a_crash(
    database: Database, time: Clock, writes: int
) -> None:
    await User(id="alice", email="alice@example.com", password="-", created_at=clock.now()).insert()
    saved = await save_workflow(database, {"every": {"interval": "PT1S"}}, "ALLOW")
    versions = VersionCache(database, SECRETS, make_settings())
    due: datetime = saved["next_run_at"]
    time.moment = due + 70 * SECOND
    for schedule in ({"cron": {"expression": "*/7 * * * * *"}}, {"every": {"interval": "PT3S"}}):
        with contextlib.suppress(AutoReconnect):
            await WorkflowScheduler(cast("Database", FragileDatabase(database, writes)), versions).fire_due(time.moment)
        time.moment += 2 * SECOND
        saved = await save_workflow(database, schedule, "ALLOW")
        time.moment += 30 * SECOND
    await WorkflowScheduler(database, versions).fire_due(time.moment)
    stored = await load_workflow(database, saved["_id"])
    assert stored["next_run_at"] > time.moment
    runs = await database.workflow_runs.find({"workflow": saved["_id"]}).to_list()
    if writes < 2:
        assert stored["schedule"]["former"]["schedule"]["former"]  # all three are still due
    assert faults(schedules.schedule_from_document(saved["schedule"]), due, stored["next_run_at"], runs) == []


@pytest.mark.parametrize("writes", [1, ALL + 20, 2 * ALL])
async def test_due_times_stay_due_when_tasks_are_edited_after_a_crash(
    database: Database, time: Clock, writes: int
) -> None:
    due = time.moment
    tasks = await all_kinds(database, due)
    time.moment += 70 * SECOND
    async with passes(database, room=20) as made:
        await crash_after(made, writes)
    time.moment += 2 * SECOND
    wanted = Every(SECOND, due + SECOND / 2)
    for task in tasks:
        edited = await saving.update_task(database, "alice", task["_id"], {"schedule": wanted}, clock.now())
        task["schedule"] = schedules.schedule_from_document(edited.schedule)
    time.moment += 9.5 * SECOND
    async with passes(database, room=20) as made:
        await made.make()
    await check(database, tasks, due, time.moment)
