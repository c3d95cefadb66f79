"""Each due time is stored exactly once.

No sequence of crashes, delays, edits and other schedulers loses a due time or covers one twice.
"""

import contextlib
import copy
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymongo.errors import BulkWriteError

from tests.scheduling.ledger import faults
from tocsin import schedules
from tocsin.documents import OPEN_STATUSES, ChangeLog, Database, Overlap, RunStatus, connect_sync
from tocsin.schedules import Cron, Every, Misfire, MisfirePolicy, Once, Schedule, SimpleSchedule
from tocsin.scheduling.planning import OpenRun, TaskFiring, plan_firing, plan_firings
from tocsin.scheduling.run_writer import RunWriter

NOON = datetime(2026, 3, 29, 0, 59, 57, tzinfo=UTC)
"""Seconds before the clocks change in Berlin."""
SECOND = timedelta(seconds=1)
S = RunStatus


class CrashError(Exception):
    """kill -9."""


class MemoryRuns:
    """Runs as in a collection. Before each single write, `interrupt` may raise or do something else."""

    def __init__(self) -> None:
        self.stored: dict[str, Any] = {}
        self.interrupt: Callable[[], None] = lambda: None

    def insert_many(self, runs: list[Any], *, ordered: bool) -> None:
        wrong = []
        for index, run in enumerate(runs):
            self.interrupt()
            if run["_id"] in self.stored:
                wrong.append({"index": index, "code": 11000})
                if ordered:
                    break
            else:
                self.stored[run["_id"]] = copy.deepcopy(run)
        if wrong:
            raise BulkWriteError({"writeErrors": wrong})

    def find(self, asked: Any) -> Any:
        if "_id" in asked:
            return _Found(self.stored[one] for one in asked["_id"]["$in"] if one in self.stored)
        low, high = asked["due_at"]["$gt"], asked["due_at"]["$lte"]
        of_task = (run for run in self.stored.values() if run["task"] in asked["task"]["$in"])
        return _Found(run for run in of_task if low < run["due_at"] <= high)

    def bulk_write(self, updates: list[Any], *, ordered: bool) -> None:
        for update in updates:  # a retry gives way
            run = self.stored[update._filter["_id"]]
            assert run["status"] == S.RETRY.value
            run |= {"status": S.FAILED.value, "open": False}


class _Found(list[Any]):
    def __init__(self, runs: Any) -> None:
        super().__init__(copy.deepcopy(list(runs)))

    def sort(self, key: str, _direction: int) -> "_Found":  # type: ignore[override]
        super().sort(key=lambda run: run[key])
        return self


@dataclass
class World:
    """A task, its runs, and what the ledger must cover: (schedule, its first due time)."""

    task: Any
    now: datetime
    runs: MemoryRuns = field(default_factory=MemoryRuns)
    wrong: list[str] = field(default_factory=list)

    def make_pass(self, late: timedelta) -> None:
        """Make the pass of a scheduler whose clock is late. Raises CrashError wherever `interrupt` does."""
        now, task = self.now - late, copy.deepcopy(self.task)
        if task["next_run_at"] is None or task["next_run_at"] > now:
            return
        active = [self.runs.stored[entry] for entry in task["active"]]
        open_runs = [OpenRun(run["_id"], run["status"]) for run in active if run["open"]]
        fired = plan_firings([task], now, {task["_id"]: open_runs})
        firings, unreadable = fired.firings, fired.unreadable
        assert not unreadable
        RunWriter(self.runs, ChangeLog()).write_runs(firings)  # type: ignore[arg-type]
        self.runs.interrupt()
        for firing in firings:
            _, step = firing.build_advance()
            if (self.task["next_run_at"], self.task["version"]) == (step.due_at, step.version):
                assert step.next_run_at is None or step.next_run_at > step.due_at
                self.task |= {"next_run_at": step.next_run_at, "last_due_at": step.last_due_at}
                self.task["active"] += [task["_id"] + suffix for suffix, _ in step.active]

    def edit(self, wanted: SimpleSchedule) -> None:
        """Edit the schedule. Due times that have passed without a run must stay in the record."""
        last = self.task["last_due_at"]
        if isinstance(wanted, Once) and last is not None and wanted.at <= last:
            wanted = schedules.postpone(wanted, last)
        before = schedules.schedule_from_document(self.task["schedule"])
        schedule, due = schedules.revise_schedule(before, self.task["next_run_at"], last, wanted, self.now)
        if due is None:
            return  # refused
        self.check()
        changes = {"schedule": schedules.schedule_to_document(schedule), "next_run_at": due, "first": due}
        self.task |= {**changes, "version": self.task["version"] + 1}

    def check(self) -> None:
        """Check the record so far."""
        if (first := self.task["first"]) is not None:
            schedule = schedules.schedule_from_document(self.task["schedule"])
            until = self.task["next_run_at"] or self.now + SECOND
            self.wrong += faults(schedule, first, until, self.runs.stored.values())

    def end_runs(self, status: RunStatus) -> None:
        """End the open runs with this status, or let them wait for a retry."""
        for run in self.runs.stored.values():
            if run["open"] and not run.get("blocked"):
                run |= {"status": status.value, "open": status in OPEN_STATUSES}


def new_world(schedule: Schedule, misfire: Misfire, overlap: Overlap) -> World:
    due = schedules.next_due(schedule, NOON - SECOND)
    task: Any = {
        "_id": "alice/t", "owner": "alice", "name": "t", "job": {"kind": "http"}, "retry": None, "timeout": None,
        "version": 1, "schedule": schedules.schedule_to_document(schedule), "misfire": misfire.to_document(),
        "overlap": overlap.value, "next_run_at": due, "last_due_at": None, "incident": 0, "active": [], "first": due,
    }  # fmt: skip
    return World(task, NOON)


SCHEDULES: st.SearchStrategy[SimpleSchedule] = st.one_of(
    st.just(Once(NOON)),
    st.builds(
        Every,
        st.sampled_from([SECOND, 7 * SECOND, 1.5 * SECOND]),
        st.sampled_from([NOON - 9 * SECOND, NOON, NOON + 3 * SECOND]),
        st.sampled_from([None, None, NOON + 20 * SECOND]),
    ),
    st.builds(
        Cron,
        st.sampled_from(["* * * * * *", "*/20 * * * * *", "* * * * *", "0,30 1-3 * * *"]),
        st.sampled_from(["UTC", "Europe/Berlin"]),
    ),
)
MISFIRES = st.builds(
    Misfire,
    st.sampled_from(MisfirePolicy),
    st.sampled_from([timedelta(), SECOND, timedelta(minutes=1)]),
    st.integers(1, 5),
)
WAITS = st.sampled_from([0, 1, 999, 1000, 4000, 61_000, 90_000]).map(lambda ms: timedelta(milliseconds=ms))
LATE = st.sampled_from([timedelta(), timedelta(), SECOND, 3 * SECOND])
STEPS = st.one_of(
    st.tuples(st.just("pass"), LATE),
    st.tuples(st.just("crash"), st.integers(0, 6), LATE),  # after this many writes
    st.tuples(st.just("race"), st.integers(0, 6), LATE, WAITS),  # another scheduler's pass after this many writes
    st.tuples(st.just("crashes while racing"), st.integers(0, 6), st.integers(0, 6), WAITS),
    st.tuples(st.just("edit while writing"), st.integers(0, 6), SCHEDULES),
    st.tuples(st.just("edit"), SCHEDULES),
    st.tuples(st.just("end"), st.sampled_from([S.COMPLETED, S.FAILED, S.RETRY, S.RUNNING])),
)


def at_write(world: World, number: int, act: Callable[[], None]) -> None:
    """Do something once, after this many writes."""
    left = [number]

    def interrupt() -> None:
        left[0] -= 1
        if left[0] < 0:
            world.runs.interrupt = lambda: None
            act()

    world.runs.interrupt = interrupt


def crash() -> None:
    raise CrashError


def take(world: World, step: Any) -> None:  # noqa: C901  one case for each event
    """Apply one event."""

    def race(wait: timedelta, late: timedelta) -> None:
        world.now += wait
        world.make_pass(late)

    def race_and_crash(wait: timedelta, number: int) -> None:
        at_write(world, number, crash)
        race(wait, timedelta())

    match step:
        case ("pass", late):
            world.make_pass(late)
        case ("crash", number, late):
            at_write(world, number, crash)
            world.make_pass(late)
        case ("race", number, late, wait):
            at_write(world, number, lambda: race(wait, late))
            world.make_pass(timedelta())
        case ("crashes while racing", number, other, wait):
            at_write(world, number, lambda: race_and_crash(wait, other))
            world.make_pass(timedelta())
        case ("edit while writing", number, schedule):
            at_write(world, number, lambda: world.edit(schedule))
            world.make_pass(timedelta())
        case ("edit", schedule):
            world.edit(schedule)
        case ("end", status):
            world.end_runs(status)


@settings(max_examples=400)
@given(SCHEDULES, MISFIRES, st.sampled_from(Overlap), st.lists(st.tuples(WAITS, STEPS), min_size=1, max_size=7))
def test_no_order_of_events_loses_or_doubles_a_due_time(
    schedule: SimpleSchedule, misfire: Misfire, overlap: Overlap, steps: list[Any]
) -> None:
    world = new_world(schedule, misfire, overlap)
    for wait, step in [*steps, (timedelta(seconds=5), ("pass", timedelta()))]:
        world.now += wait
        with contextlib.suppress(CrashError):
            take(world, step)
        world.runs.interrupt = lambda: None
    assert world.task["next_run_at"] is None or world.task["next_run_at"] > world.now
    world.check()
    assert world.wrong == []
    unedited = world.task["version"] == 1  # the event loop settles runs of an outdated version
    if unedited and overlap is not Overlap.ALLOW and misfire.policy is not MisfirePolicy.RUN_ALL:
        going = [run["_id"] for run in world.runs.stored.values() if run["open"] and not run.get("blocked")]
        assert len(going) <= 1


# --- over the real collection ---------------------------------------------------------------------------------------


class CountedRuns:
    """A collection that counts its inserts."""

    def __init__(self, collection: Any) -> None:
        self._collection = collection
        self.inserts: list[int] = []

    def insert_many(self, runs: list[Any], *, ordered: bool) -> Any:
        self.inserts.append(len(runs))
        return self._collection.insert_many(runs, ordered=ordered)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._collection, name)


@pytest.fixture
async def runs(database: Database) -> AsyncIterator[Any]:
    opened = connect_sync(database.uri, database.name)
    yield CountedRuns(opened["runs"])
    opened.client.close()


def due_task(number: int, due_at: datetime = NOON) -> Any:
    task = new_world(Every(SECOND, NOON), Misfire(), Overlap.ALLOW).task
    return {**task, "_id": f"alice/{number}", "next_run_at": due_at}


def fire(number: int, seconds: int) -> TaskFiring:
    """Plan a task that has been due every second since noon."""
    return plan_firing(due_task(number), NOON + seconds * SECOND, [])


async def stored(runs: Any) -> list[tuple[str, int]]:
    """Return the task and the second of each stored run."""
    found = runs.find({}).sort("_id", 1)
    return [(run["task"], (run["due_at"] - NOON) // SECOND) for run in found]


async def test_the_first_runs_of_many_tasks_are_inserted_together(runs: Any) -> None:
    firings = [fire(number, 1) for number in range(3)]
    RunWriter(runs, ChangeLog()).write_runs(firings)
    assert runs.inserts == [3, 3]
    assert await stored(runs) == [(f"alice/{number}", second) for number in range(3) for second in range(2)]
    assert [(firing.written, firing.adopted) for firing in firings] == [(2, [])] * 3


async def test_many_runs_of_few_tasks_are_inserted_task_by_task(runs: Any) -> None:
    RunWriter(runs, ChangeLog()).write_runs([fire(1, 20), fire(2, 30)])
    assert runs.inserts == [21, 31]


async def test_nothing_to_write_is_no_insert(runs: Any) -> None:
    RunWriter(runs, ChangeLog()).write_runs([])
    assert runs.inserts == []


async def test_a_run_that_exists_is_adopted_and_what_follows_it_is_written(runs: Any) -> None:
    RunWriter(runs, ChangeLog()).write_runs([fire(1, 1)])
    again, other = fire(1, 3), fire(2, 0)
    RunWriter(runs, ChangeLog()).write_runs([again, other])
    assert await stored(runs) == [("alice/1", 0), ("alice/1", 1), ("alice/1", 2), ("alice/1", 3), ("alice/2", 0)]
    assert [run["due_at"] for run in again.adopted] == [NOON, NOON + SECOND]
    assert [run["due_at"] for run in again.runs] == [NOON + number * SECOND for number in range(4)]
    assert (again.written, again.next_run_at) == (4, NOON + 4 * SECOND)
    assert other.adopted == []


async def test_an_existing_run_that_waits_for_a_retry_gives_way_to_the_next_due_time(runs: Any) -> None:
    RunWriter(runs, ChangeLog()).write_runs([fire(1, 0)])
    runs.update_one({"task": "alice/1"}, {"$set": {"status": S.RETRY, "retry_at": NOON}})
    firing = fire(1, 1)
    RunWriter(runs, ChangeLog()).write_runs([firing])
    assert [(run["status"], run["reason"]) for run in firing.runs] == [("FAILED", "GAVE_WAY"), ("QUEUED", None)]


def test_an_error_other_than_an_existing_run_is_raised() -> None:
    class BrokenRuns(MemoryRuns):
        def insert_many(self, runs: list[Any], *, ordered: bool) -> None:
            raise BulkWriteError({"writeErrors": [{"index": 0, "code": 11000}, {"index": 1, "code": 10334}]})

    with pytest.raises(BulkWriteError):
        RunWriter(BrokenRuns(), ChangeLog()).write_runs([fire(1, 0), fire(2, 0)])  # type: ignore[arg-type]
