"""What a client missed is read from the state of the database: nothing is left out, nothing goes back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from tests.events.test_fanout import listening, take
from tests.harness import wait_until
from tests.tasks.helpers import save_hourly_task
from tocsin import clock
from tocsin.documents import Change, ChangeKind, Database, RunStatus, Trigger
from tocsin.documents.history import begin_history_at, note_deleted_tasks
from tocsin.events import ChangeFilter, ChangeSubscription, EventCursor, catch_up, cursor_of, decode_event_cursor
from tocsin.events.catch_up import CatchUp
from tocsin.tasks import lifecycle, saving
from tocsin.tasks import runs as task_runs

K, S = ChangeKind, RunStatus
HOUR = timedelta(hours=1)


async def read_all(database: Database, filter_: ChangeFilter, cursor: EventCursor) -> list[Change]:
    """Return everything that a client is told that was away since the cursor."""
    reader, found = CatchUp(database, filter_, cursor), list[Change]()
    while not reader.is_done:
        found += await reader.read()
    return found


def ago(span: timedelta) -> EventCursor:
    return EventCursor(clock.now() - span)


async def insert_run(database: Database, task: str, number: int, created_at: datetime, **fields: Any) -> str:
    run_id = f"{task}:{number}"
    run: dict[str, Any] = {
        "_id": run_id, "owner": task.split("/")[0], "task": task, "status": S.COMPLETED, "open": False,
        "trigger": Trigger.SCHEDULE, "due_at": created_at, "created_at": created_at, "finished_at": created_at,
    }  # fmt: skip
    await database.db["runs"].insert_one({**run, **fields})
    return run_id


async def test_everything_that_changed_is_told_once_in_its_latest_state(database: Database) -> None:
    now = clock.now()
    old = await save_hourly_task(database)
    await database.tasks.update_one({"_id": old.id}, {"$set": {"created_at": now - HOUR, "updated_at": now - HOUR}})
    edited, deleted = await save_hourly_task(database), await save_hourly_task(database)
    await database.tasks.update_one({"_id": edited.id}, {"$set": {"created_at": now - HOUR}})
    await lifecycle.pause_task(database, "alice", edited.id, clock.now())
    await lifecycle.delete_task(database, "alice", deleted.id, clock.now())
    created = await save_hourly_task(database)
    await insert_run(database, old.id, 1, now - HOUR)
    soon = await insert_run(database, old.id, 2, now)
    late = await insert_run(database, old.id, 3, now - HOUR, settled_late_at=now, status=S.FAILED, finished_at=now)
    queued = (await task_runs.run_task_now(database, "alice", old.id, clock.now(), None)).id
    waiting = {"status": S.RETRY, "open": True, "finished_at": None}
    await insert_run(database, old.id, 4, now - HOUR, **waiting)
    moved = await insert_run(database, old.id, 5, now - HOUR, **waiting, attempts=[{"finished_at": now}])
    await insert_run(database, "bob/t", 1, now)
    await insert_run(database, "alice/wx", 1, now, trigger=Trigger.WORKFLOW)
    found = await read_all(database, ChangeFilter("alice"), ago(timedelta(minutes=1)))
    told = {(change.kind, change.run_id or change.task_id, change.run_status or change.task_status) for change in found}
    assert told == {
        (K.TASK_UPDATED, edited.id, "PAUSED"), (K.TASK_CREATED, created.id, "PENDING"),
        (K.TASK_UPDATED, old.id, "PENDING"), (K.RUN_CREATED, soon, S.COMPLETED), (K.RUN_UPDATED, late, S.FAILED),
        (K.RUN_CREATED, queued, S.QUEUED), (K.RUN_UPDATED, moved, S.RETRY), (K.TASK_DELETED, deleted.id, "CANCELLED"),
    }  # fmt: skip
    assert len(found) == len(told)
    assert found[-1].kind is K.TASK_DELETED


async def test_a_deletion_that_was_noted_and_not_made_is_not_told(database: Database) -> None:
    task = await save_hourly_task(database)
    await note_deleted_tasks(database, "alice", [task.id, "alice/gone"])
    found = await read_all(database, ChangeFilter("alice", kinds=frozenset({K.TASK_DELETED})), ago(HOUR))
    assert [change.task_id for change in found] == ["alice/gone"]


@pytest.mark.parametrize("page", [1, 3, 200])
async def test_each_cursor_goes_on_where_it_was_given(
    database: Database, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catch_up, "PAGE", page)
    tasks = [await save_hourly_task(database) for _ in range(3)]
    for number in range(7):
        await insert_run(database, tasks[number % 3].id, number, clock.now())
    await lifecycle.delete_task(database, "alice", tasks[2].id, clock.now())
    filter_ = ChangeFilter("alice")
    found = await read_all(database, filter_, ago(HOUR))
    whole = {(change.kind, change.run_id or change.task_id) for change in found}
    for number, change in enumerate(found, 1):
        before = {(each.kind, each.run_id or each.task_id) for each in found[:number]}
        after = await read_all(database, filter_, decode_event_cursor(cursor_of(change)))
        assert before | {(each.kind, each.run_id or each.task_id) for each in after} >= whole
        assert (after[0].kind, after[0].run_id or after[0].task_id) != (
            change.kind, change.run_id or change.task_id
        ) or len(after) == 1  # fmt: skip


async def test_what_changes_behind_a_cursor_is_told_after_the_rest(database: Database) -> None:
    """The client was told of a task, left, and the task changed: the sections are read once more."""
    tasks = [await save_hourly_task(database) for _ in range(3)]
    filter_ = ChangeFilter("alice")
    first = (await read_all(database, filter_, ago(HOUR)))[0]
    await lifecycle.pause_task(database, "alice", tasks[0].id, clock.now())
    rest = await read_all(database, filter_, decode_event_cursor(cursor_of(first)))
    assert [change.task_id for change in rest[:2]] == [task.id for task in tasks[1:]]
    assert (tasks[0].id, "PAUSED") in [(change.task_id, change.task_status) for change in rest[2:]]


async def test_a_cursor_of_another_filter_begins_with_the_first_section(database: Database) -> None:
    task = await save_hourly_task(database)
    await insert_run(database, task.id, 1, clock.now())
    runs = ChangeFilter("alice", kinds=frozenset({K.RUN_CREATED}))
    (run,) = await read_all(database, runs, ago(HOUR))
    found = await read_all(database, ChangeFilter("alice"), decode_event_cursor(cursor_of(run)))
    assert K.TASK_CREATED in [change.kind for change in found]


@pytest.mark.parametrize("away", [timedelta(days=-1), timedelta(days=30)])
async def test_a_place_that_is_not_known_becomes_a_resync(database: Database, away: timedelta) -> None:
    """It lies in the future, or history of that time was deleted."""
    await begin_history_at(database, "alice", clock.now() - timedelta(days=7))
    await save_hourly_task(database)
    (change,) = await read_all(database, ChangeFilter("alice"), ago(away))
    assert change.kind is K.RESYNC
    assert await read_all(database, ChangeFilter("alice"), decode_event_cursor(cursor_of(change)))


async def test_too_much_becomes_a_resync_at_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catch_up, "MAX_MISSED", 20)
    for number in range(30):
        await insert_run(database, "alice/t", number, clock.now())
    assert [change.kind for change in await read_all(database, ChangeFilter("alice"), ago(HOUR))] == [K.RESYNC]
    monkeypatch.setattr(catch_up, "MAX_MISSED", 40)
    assert len(await read_all(database, ChangeFilter("alice"), ago(HOUR))) == 30


async def test_twenty_thousand_changes_are_read_in_pages(database: Database) -> None:
    now = clock.now()
    for start in range(0, 20_000, 1_000):
        await database.db["runs"].insert_many(
            {
                "_id": f"alice/t:{number}", "owner": "alice", "task": "alice/t", "status": "COMPLETED", "open": False,
                "trigger": "SCHEDULE", "due_at": now, "created_at": now - timedelta(milliseconds=number % 500),
                "finished_at": now,
            }
            for number in range(start, start + 1_000)
        )  # fmt: skip
    reader, seen, largest = CatchUp(database, ChangeFilter("alice"), ago(HOUR)), set[str | None](), 0
    while not reader.is_done:
        page = await reader.read()
        largest = max(largest, len(page))
        seen |= {change.run_id for change in page}
    assert len(seen) == 20_000
    assert largest <= 2 * catch_up.PAGE


@asynccontextmanager
async def returning(
    database: Database, cursor: EventCursor, filter_: ChangeFilter | None = None
) -> AsyncIterator[ChangeSubscription]:
    """A subscriber at a process that has just started, so that nothing is in its memory."""
    async with (
        listening(database) as events,
        ChangeSubscription(events, filter_ or ChangeFilter("alice"), cursor) as subscription,
    ):
        yield subscription


async def test_live_changes_follow_what_was_missed(database: Database) -> None:
    task = await save_hourly_task(database)
    async with returning(database, ago(HOUR)) as subscription:
        assert [(change.kind, change.task_id) for change in await take(subscription, 1)] == [(K.TASK_CREATED, task.id)]
        await lifecycle.pause_task(database, "alice", task.id, clock.now())
        (change,) = await take(subscription, 1)
        assert (change.kind, change.task_status) == (K.TASK_UPDATED, "PAUSED")


async def test_a_change_that_arrives_late_does_not_go_back(database: Database) -> None:
    """It was made before the state was read, and is told with the state of now."""
    task = await save_hourly_task(database)
    run = await insert_run(database, task.id, 1, clock.now())
    async with (
        listening(database) as events,
        ChangeSubscription(events, ChangeFilter("alice"), ago(HOUR)) as subscription,
    ):
        assert (await take(subscription, 3))[-1].run_status is S.COMPLETED
        events._receive([Change(K.RUN_UPDATED, events.now(), task.id, run, run_status=S.RUNNING)])
        assert [(each.run_id, each.run_status) for each in await take(subscription, 1)] == [(run, S.COMPLETED)]


async def test_changes_that_do_not_fit_while_catching_up_are_read_from_the_state(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catch_up, "PAGE", 2)
    tasks = [await save_hourly_task(database) for _ in range(5)]
    async with (
        listening(database) as events,
        ChangeSubscription(events, ChangeFilter("alice"), ago(HOUR)) as subscription,
    ):
        first = await take(subscription, 1)
        backlog = subscription._entered()
        backlog.queue._most = 1
        for task in tasks:
            await saving.update_task(database, "alice", task.id, {"name": "new"}, clock.now())
        await lifecycle.pause_task(database, "alice", first[0].task_id or "", clock.now())

        async def dropped() -> bool:
            return backlog._catch_up is not None and backlog._catch_up._must_repeat

        await wait_until(dropped)
        seen = await take(subscription, 8)
    assert K.RESYNC not in {change.kind for change in seen}
    last = {change.task_id: change.task_status for change in seen}
    assert last[first[0].task_id] == "PAUSED"
    assert last.keys() >= {task.id for task in tasks[1:]}


async def test_it_waits_for_the_database(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    task, read, failures = await save_hourly_task(database), CatchUp.read, [1]

    async def fail_once(reader: CatchUp) -> list[Change]:
        if failures:
            failures.pop()
            raise AutoReconnect("away")
        return await read(reader)

    monkeypatch.setattr(CatchUp, "read", fail_once)
    async with returning(database, ago(HOUR)) as subscription:
        assert [change.task_id for change in await take(subscription, 1)] == [task.id]
    assert not failures


async def test_it_ends_with_its_token_although_the_database_is_away(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0

    async def fail(_: CatchUp) -> list[Change]:
        nonlocal tries
        tries += 1
        raise AutoReconnect("away")

    async def has_tried() -> bool:
        return tries > 0

    monkeypatch.setattr(CatchUp, "read", fail)
    async with returning(database, ago(HOUR)) as subscription:
        reading = asyncio.ensure_future(anext(subscription))
        await wait_until(has_tried)
        subscription.fail(ZeroDivisionError("the token ended"))
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(reading, 20)
