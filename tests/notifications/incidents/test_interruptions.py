"""No crash between two writes loses or repeats what is told, and neither do several keepers at once."""

import asyncio
import functools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pymongo.asynchronous.collection import AsyncCollection

from tests.notifications.incidents.world import MINUTE, World, names
from tocsin.documents import Database, ErrorKind, IncidentNews
from tocsin.notifications.incidents import alert_changes
from tocsin.notifications.incidents.keeper import IncidentKeeper
from tocsin.notifications.incidents.named_subjects import find_named_subjects

JOB = ErrorKind.JOB
BEGAN, FAILED, RECOVERED = "BEGAN_FAILING", "FAILED_FOR_GOOD", "RECOVERED"


class Died(BaseException):
    """The process died here. It is no Exception, so that nothing handles it."""


class Mortality:
    """The process dies before or after its `left`th write, and then does not write at all."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left, self.writes = 0, 0
        for name in ("bulk_write", "insert_many", "update_one", "update_many"):
            monkeypatch.setattr(AsyncCollection, name, self._mortal(getattr(AsyncCollection, name)))

    def _mortal(self, write: Callable[..., Any]) -> Callable[..., Any]:
        async def write_or_die(*args: Any, **options: Any) -> Any:
            self.writes += 1
            if self.left:
                self.left -= 1
                if not self.left:
                    raise Died
            result = await write(*args, **options)
            if self.left:
                self.left -= 1
                if not self.left:
                    raise Died
            return result

        return write_or_die


async def _live(world: World, mortality: Mortality, boundary: int, *runs: Any) -> bool:
    """Let runs end, by a process that dies at a boundary and then by one that begins again. Return whether it died."""
    mortality.left = boundary
    died = False
    for _ in range(2):
        try:
            await world.end_runs(*runs)
            await world.keeper.keep_due()
            break
        except Died:
            died = True
    mortality.left = 0
    await world.keeper.keep_due()
    return died


@pytest.mark.parametrize("kind", [JOB, ErrorKind.CONNECT])
async def test_a_crash_at_any_write_loses_nothing_and_tells_nothing_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch, kind: ErrorKind
) -> None:
    mortality = Mortality(monkeypatch)
    deaths, boundary = 0, 0
    while True:
        boundary += 1
        for name in ("tasks", "alerts", "incidents", "notifications", "deliveries"):
            await database.db[name].delete_many({})
        world = World(database)
        await world.add_tasks("a", "b")
        died = await _live(world, mortality, boundary, *(world.run(name, "FAILED", kind) for name in "ab"))
        await world.pass_time(MINUTE)
        count = 2 if kind is JOB else 1
        assert await world.kinds() == [FAILED] * count, boundary
        died |= await _live(world, mortality, boundary, *(world.run(name, "COMPLETED") for name in "ab"))
        await world.pass_time(15 * MINUTE)
        assert sorted(await world.kinds()) == [FAILED] * count + [RECOVERED] * count, boundary
        assert await database.deliveries.count_documents({}) == 2 * count
        assert [each["open"] for each in await world.incidents()] == [False] * count
        assert await database.alerts.count_documents({"pending": True}) == 0
        assert await database.incidents.count_documents({"pending": True}) == 0
        deaths += died
        if not died:
            break
    assert deaths >= 15


async def test_several_keepers_at_once_tell_once(database: Database) -> None:
    world = World(database)
    keepers = [world.keeper, *(world.make_keeper() for _ in range(3))]
    await world.add_tasks(*names(40))
    for _ in range(3):
        jobs = [world.run(name, "FAILED", JOB) for name in names(20)]
        hosts = [world.run(name, "FAILED") for name in names(40)[20:]]
        await asyncio.gather(world.end_runs(*jobs), world.end_runs(*hosts), *(each.keep_due() for each in keepers))
        await asyncio.gather(*(each.keep_due() for each in keepers))
        world.clock.time += MINUTE
    assert len(await world.incidents()) == 21
    assert await world.kinds() == [FAILED] * 21
    done = [world.run(name, "COMPLETED") for name in names(40)]
    await asyncio.gather(world.end_runs(*done), *(each.keep_due() for each in keepers))
    await asyncio.gather(*(each.keep_due() for each in keepers))
    assert sorted(await world.kinds()) == [FAILED] * 21 + [RECOVERED] * 21
    assert await database.deliveries.count_documents({}) == 42


async def test_failures_and_successes_in_any_interleaving_end_in_a_told_state(database: Database) -> None:
    """Each task ends working. Whatever was told of it, the last that was told is that it works again."""
    world = World(database)
    keepers = [world.keeper, world.make_keeper()]
    await world.add_tasks(*names(10))
    for turn in range(6):
        status = "FAILED" if turn % 2 == 0 else "COMPLETED"
        runs = [world.run(name, status, JOB, incident=turn // 2) for name in names(10)]
        await asyncio.gather(*(world.end_runs(run) for run in runs), *(each.keep_due() for each in keepers))
        world.clock.time += timedelta(seconds=1)
    for _ in range(4):
        await world.pass_time(10 * MINUTE)
    told: Any = await database.notifications.find({}).sort("stored_at", 1).to_list()
    for name in names(10):
        kinds = [each["kind"] for each in told if each["about"]["id"] == f"u1/{name}"]
        assert kinds.count(FAILED) == kinds.count(RECOVERED), name
        assert kinds == [FAILED, RECOVERED] * (len(kinds) // 2), name
    assert not any(each["open"] for each in await world.incidents())


async def test_two_processes_that_record_a_first_failure_at_once_make_one_alert(database: Database) -> None:
    world = World(database)
    await world.add_tasks("a")
    runs = [world.run("a", "FAILED", JOB, _id=f"u1/a:{number}") for number in range(8)]
    await asyncio.gather(*(world.end_runs(run) for run in runs))
    (alert,) = await world.alerts()
    assert (alert["failures"], sorted(alert["failed_runs"])) == (8, [f"u1/a:{number}" for number in range(8)])


async def test_an_alert_keeps_few_runs_and_counts_all(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_changes, "MAX_FAILED_RUNS", 3)
    world = World(database)
    await world.add_tasks("a")
    for _ in range(5):
        world.clock.time += MINUTE
        await world.end_runs(world.run("a", "FAILED", JOB))
    (alert,) = await world.alerts()
    assert (alert["failures"], len(alert["failed_runs"])) == (5, 3)


class Intruder:
    """Does something before the `left`th write of the keeper, as another process may."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left, self.act = 0, _nothing
        write = AsyncCollection.bulk_write

        async def act_and_write(*args: Any, **options: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                await self.act()
            return await write(*args, **options)

        monkeypatch.setattr(AsyncCollection, "bulk_write", act_and_write)


async def _nothing() -> None:
    pass


@pytest.mark.parametrize("kind", [JOB, ErrorKind.CONNECT])
async def test_a_failure_between_any_two_writes_of_the_keeper_belongs_to_the_same_opening(
    database: Database, monkeypatch: pytest.MonkeyPatch, kind: ErrorKind
) -> None:
    """Otherwise the incident would count as one that is over and comes again, whose recovery is held back."""
    intruder = Intruder(monkeypatch)
    boundary = 0
    while True:
        boundary += 1
        for name in ("tasks", "alerts", "incidents", "notifications", "deliveries"):
            await database.db[name].delete_many({})
        world = World(database)
        await world.add_tasks("a")
        await world.end_runs(world.run("a", "RETRY", kind))
        world.clock.time += timedelta(seconds=1)
        intruder.act = functools.partial(world.end_runs, world.run("a", "FAILED", kind))
        intruder.left = boundary
        await world.keeper.keep_due()
        if intruder.left > 0:
            break
        await world.keeper.keep_due()
        assert ((await world.the_incident())["reopened"], (await world.kinds())[-1]) == (0, FAILED), boundary
        await world.end_runs(world.run("a", "COMPLETED"))
        await world.keeper.keep_due()
        assert (await world.kinds())[-2:] == [FAILED, RECOVERED], boundary
    assert boundary > 5


@pytest.mark.parametrize("kind", [JOB, ErrorKind.CONNECT])
async def test_a_keeper_that_is_overtaken_between_any_two_writes_reopens_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch, kind: ErrorKind
) -> None:
    """What it has read has ended meanwhile, by another process that told so."""
    intruder = Intruder(monkeypatch)
    boundary = 0
    while True:
        boundary += 1
        for name in ("tasks", "alerts", "incidents", "notifications", "deliveries"):
            await database.db[name].delete_many({})
        world = World(database)
        await world.add_tasks("a")
        await world.end("a", "RETRY", kind)
        world.clock.time += timedelta(seconds=1)
        await world.end_runs(world.run("a", "FAILED", kind))
        intruder.act = functools.partial(_recover_and_keep, world, world.make_keeper())
        intruder.left = boundary
        await world.keeper.keep_due()
        if intruder.left > 0:
            break
        incident = await world.the_incident()
        assert (incident["open"], incident["reopened"]) == (False, 0), boundary
        assert await world.kinds() == [BEGAN, FAILED, RECOVERED], boundary
    assert boundary > 3


async def _recover_and_keep(world: World, keeper: IncidentKeeper) -> None:
    """Let another process tell all, and that it works again."""
    await keeper.keep_due()
    world.clock.time += timedelta(seconds=1)
    await world.end_runs(world.run("a", "COMPLETED"))
    await keeper.keep_due()


async def test_what_ends_while_its_failure_is_being_told_is_named(database: Database) -> None:
    """Otherwise the mail would tell of no tasks."""
    world = World(database, group_wait=MINUTE)
    await world.add_tasks("a")
    await world.end("a", "FAILED")
    await world.end_runs(world.run("a", "COMPLETED"))
    subjects, count = await find_named_subjects(
        database, await world.the_incident(), IncidentNews.FAILED, has_open=True
    )
    assert ([each["failure"]["name"] for each in subjects], count) == (["a"], 1)
