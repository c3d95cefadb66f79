"""Changes by any process reach the subscribers of their owner."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from tests.harness import save_task, wait_until
from tests.tasks.helpers import add_run, save_hourly_task
from tocsin import clock, documents
from tocsin.documents import Database, RunStatus, TaskStatus, Trigger, parent_of, record_stored_runs
from tocsin.events import (
    Change,
    ChangeFilter,
    ChangeKind,
    ChangeSubscription,
    Fanout,
    change_subscription,
    cursor_of,
    decode_event_cursor,
    send_changes,
)
from tocsin.events.change_queue import ChangeQueue
from tocsin.tasks import lifecycle, saving
from tocsin.tasks import runs as task_runs

K = ChangeKind
S = RunStatus


@asynccontextmanager
async def listening(
    database: Database, on_change: Callable[[Change], None] = lambda _change: None
) -> AsyncIterator[Fanout]:
    running = Fanout(database, on_change)
    running.start()
    try:
        yield running
    finally:
        await running.stop()


async def take(subscription: ChangeSubscription, count: int) -> list[Change]:
    async with asyncio.timeout(10):
        return [await anext(subscription) for _ in range(count)]


async def snapshot(subscription: ChangeSubscription) -> None:
    assert [change.kind for change in await take(subscription, 1)] == [K.SNAPSHOT]


async def test_every_change_of_tasks_and_runs_comes_in_its_order(database: Database) -> None:
    async with listening(database) as events, events.subscribe("alice") as subscription:
        await snapshot(subscription)
        task = await save_hourly_task(database)
        await saving.update_task(database, "alice", task.id, {"name": "other"}, clock.now())
        run = await task_runs.run_task_now(database, "alice", task.id, clock.now(), None)
        await task_runs.cancel_run(database, "alice", run.id, clock.now())
        await lifecycle.pause_task(database, "alice", task.id, clock.now())
        await lifecycle.delete_task(database, "alice", task.id, clock.now())
        changes = await take(subscription, 6)
    seen = [(change.kind.value, change.task_status or change.run_status) for change in changes]
    assert [(kind, status and status.value) for kind, status in seen] == [
        ("TASK_CREATED", "PENDING"), ("TASK_UPDATED", None), ("RUN_CREATED", "QUEUED"), ("RUN_UPDATED", "CANCELLED"),
        ("TASK_UPDATED", "PAUSED"), ("TASK_DELETED", "CANCELLED"),
    ]  # fmt: skip
    assert {change.task_id for change in changes} == {task.id}
    assert [change.run_id for change in changes] == [None, None, run.id, run.id, None, None]
    assert all(change.at.utcoffset() == timedelta(0) for change in changes)


async def test_a_subscriber_gets_only_changes_of_the_owner_and_of_the_task(database: Database) -> None:
    async with listening(database) as events:
        mine, other = await save_hourly_task(database), await save_hourly_task(database)
        async with events.subscribe("alice", mine.id) as one, events.subscribe("bob") as bobs:
            await snapshot(one)
            await snapshot(bobs)
            await saving.update_task(database, "alice", other.id, {"name": "other"}, clock.now())
            hers = await save_task(database, "http://127.0.0.1:9/", owner="bob")
            await add_run(database, mine.id, S.QUEUED, trigger=Trigger.MANUAL)
            assert [(change.task_id, change.kind) for change in await take(one, 1)] == [(mine.id, K.RUN_CREATED)]
            assert [(change.task_id, change.kind) for change in await take(bobs, 1)] == [(hers.id, K.TASK_CREATED)]


async def test_only_subscribers_of_notifications_are_told_of_them(database: Database) -> None:
    async with (
        listening(database) as events,
        events.subscribe("alice") as tasks,
        ChangeSubscription(events, ChangeFilter("alice", notifications=True)) as notifications,
    ):
        await snapshot(tasks)
        await snapshot(notifications)
        database.changes.notifications_stored(["bob", "alice", "alice"])
        task = await save_hourly_task(database)
        database.changes.notifications_stored(["alice"])
        told = await take(notifications, 2)
        assert [(change.kind, change.notified, change.task_id) for change in told] == [(K.NOTIFIED, "alice", None)] * 2
        assert [(change.kind, change.task_id) for change in await take(tasks, 1)] == [(K.TASK_CREATED, task.id)]


async def test_changes_of_other_processes_arrive(database: Database, mongodb_uri: str) -> None:
    async with listening(database) as events, events.subscribe("alice") as subscription:
        await snapshot(subscription)
        other = await documents.connect(mongodb_uri, database.name)
        try:
            task = await save_hourly_task(other)
            await send_changes(other)
        finally:
            await other.close()
        assert [change.task_id for change in await take(subscription, 1)] == [task.id]


async def test_the_engine_gets_changes_that_are_due_queued_or_cancelled(database: Database) -> None:
    heard: list[Change] = []
    async with listening(database, heard.append) as events:
        await events.wait_until_listening()
        task = await save_hourly_task(database)
        running = await add_run(database, task.id, S.RUNNING)
        await task_runs.cancel_run(database, "alice", running, clock.now())
        queued = await task_runs.run_task_now(database, "alice", task.id, clock.now(), None)
        await database.runs.update_one({"_id": running}, {"$set": {"status": "RETRY", "retry_at": clock.now()}})
        await record_stored_runs(database, [running])

        async def all_heard() -> bool:
            return (
                any(change.due_at == task.next_run_at for change in heard)
                and any(change.cancel_requested and change.run_id == running for change in heard)
                and any(change.queued and change.run_id == queued.id for change in heard)
                and any(change.due_at is not None and change.run_id == running for change in heard)
            )

        await wait_until(all_heard)
    assert heard[0].kind is K.RESYNC
    assert heard[0].queued
    assert heard[0].due_at == clock.EPOCH


async def test_a_slow_subscriber_gets_a_resync(database: Database) -> None:
    async with listening(database) as events, events.subscribe("alice") as slow, events.subscribe("alice") as quick:
        await snapshot(quick)
        queue = slow._entered().queue = ChangeQueue(5)
        tasks = []
        for _ in range(8):
            tasks.append(await save_hourly_task(database))
            assert [change.task_id for change in await take(quick, 1)] == [tasks[-1].id]
        assert len(queue) <= 5
        queued = len(queue)
        assert (await take(slow, 1))[0].kind is K.RESYNC
        last = await take(slow, queued - 1)
    assert [change.task_id for change in last] == [task.id for task in tasks[-len(last) :]]


async def test_an_error_of_the_engine_concerns_no_subscriber(database: Database) -> None:
    faults = [1]

    def stumble(change: Change) -> None:
        if change.kind is K.TASK_CREATED and faults:
            raise RuntimeError(f"fault {faults.pop()}")

    async with listening(database, stumble) as events, events.subscribe("alice") as subscription:
        await snapshot(subscription)
        tasks = [await save_hourly_task(database) for _ in range(2)]
        assert [change.task_id for change in await take(subscription, 2)] == [task.id for task in tasks]


async def test_a_subscriber_that_leaves_while_the_stream_is_down_is_removed(database: Database) -> None:
    events = Fanout(database, lambda _change: None)  # not started: nobody listens yet
    waiting = asyncio.create_task(events.subscribe("alice").__aenter__())
    while not events._subscriptions:
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert events._subscriptions == {}


async def test_a_subscriber_that_has_left_is_removed(database: Database) -> None:
    async with listening(database) as events:
        async with events.subscribe("alice"), events.subscribe("alice"):
            assert [len(subscribers) for subscribers in events._subscriptions["alice"].values()] == [2]
        assert events._subscriptions == {}


async def test_a_subscriber_that_leaves_takes_nothing_from_the_owners_others(database: Database) -> None:
    async with listening(database) as events, events.subscribe("alice") as all_tasks:
        task = await save_hourly_task(database)
        async with events.subscribe("alice", task.id), events.subscribe("alice"):
            pass
        await lifecycle.pause_task(database, "alice", task.id, clock.now())
        kinds = [change.kind for change in await take(all_tasks, 3)]
    assert kinds == [K.SNAPSHOT, K.TASK_CREATED, K.TASK_UPDATED]


async def test_a_returning_subscriber_gets_the_missed_changes(database: Database) -> None:
    """Works at any process: each has the changes of all, with the times of the database."""
    async with listening(database) as left, listening(database) as other:
        async with left.subscribe("alice") as subscription, other.subscribe("alice") as watching:
            await snapshot(subscription)
            await snapshot(watching)
            await save_hourly_task(database)
            first = await save_hourly_task(database)
            last = (await take(subscription, 2))[-1].at
            await take(watching, 2)
        other.recent_changes._complete_after = last - timedelta(minutes=1)  # it has been listening for long
        await saving.update_task(database, "alice", first.id, {"name": "other"}, clock.now())
        hers = await save_task(database, "http://127.0.0.1:9/", owner="bob")
        await lifecycle.pause_task(database, "alice", first.id, clock.now())
        expected = [K.TASK_CREATED, K.TASK_UPDATED, K.TASK_UPDATED, K.TASK_UPDATED]
        async with other.subscribe("alice", first.id, last) as back:
            missed = await take(back, 3)
            await lifecycle.resume_task(database, "alice", first.id, clock.now())
            missed += await take(back, 1)
        assert [change.kind for change in missed] == expected
        assert hers.id not in {change.task_id for change in missed}


async def test_a_subscriber_that_returns_too_late_or_to_a_new_process_gets_a_snapshot(database: Database) -> None:
    async with listening(database) as events:
        async with events.subscribe("alice") as subscription:
            await snapshot(subscription)
            await save_hourly_task(database)
            (change,) = await take(subscription, 1)
        long_ago = change.at - timedelta(minutes=1)  # before this process listened
        async with events.subscribe("alice", after=long_ago) as back:
            await snapshot(back)


async def test_a_change_that_cannot_be_delivered_has_everybody_read_the_state_and_ends_nothing(
    database: Database,
) -> None:
    task = await save_hourly_task(database)
    async with listening(database) as events, events.subscribe("alice") as subscription:
        await snapshot(subscription)
        await database.tasks.update_one({"_id": task.id}, {"$set": {"status": "OF A LATER VERSION"}})
        events._receive([Change(K.TASK_UPDATED, clock.now(), task.id, is_derived=True)])
        assert [change.kind for change in await take(subscription, 1)] == [K.RESYNC]
        other = await save_hourly_task(database)
        assert [change.task_id for change in await take(subscription, 1)] == [other.id]


async def test_many_waiting_changes_of_the_same_things_are_delivered_once(database: Database) -> None:
    """They are merged before they are delivered, not by each subscriber, and are missed by nobody who returns."""
    runs = [f"alice/t{number}:1" for number in range(200)]
    created = [Change(K.RUN_CREATED, clock.now(), parent_of(run), run, run_status=S.QUEUED) for run in runs]
    ended = [Change(K.RUN_UPDATED, clock.now(), parent_of(run), run, run_status=S.COMPLETED) for run in runs]
    async with listening(database) as events, events.subscribe("alice") as subscription:
        await snapshot(subscription)
        before = clock.now()
        events.recent_changes.clear(before - timedelta(minutes=1))
        events._receive([*created, *ended])
        changes = await take(subscription, len(runs))
        recent = events.recent_changes.changes_since(before, clock.now(), "alice")
    assert [change.run_id for change in changes] == runs
    assert {(change.kind, change.run_status) for change in changes} == {(K.RUN_CREATED, S.COMPLETED)}
    assert recent == changes


async def test_what_an_owner_did_is_told_even_if_the_status_was_derived_afterwards(database: Database) -> None:
    renamed, deleted = await save_hourly_task(database), await save_hourly_task(database)
    async with listening(database) as events, events.subscribe("alice") as subscription:
        await snapshot(subscription)
        now = clock.now()
        many = [Change(K.TASK_CREATED, now, f"alice/{number}", task_status=TaskStatus.PENDING) for number in range(50)]
        told = [Change(K.TASK_UPDATED, now, task.id, task_status=TaskStatus.PENDING) for task in (renamed, deleted)]
        events._receive([*told, *many])
        await take(subscription, len(told) + len(many))
        await database.tasks.delete_one({"_id": deleted.id})
        by_owner = [Change(K.TASK_UPDATED, now, renamed.id), Change(K.TASK_DELETED, now, deleted.id)]
        derived = [Change(K.TASK_UPDATED, now, task.id, is_derived=True) for task in (renamed, deleted)]
        events._receive([*many, *by_owner, *derived])
        changes = await take(subscription, len(many) + 2)
    assert [(change.kind, change.task_id) for change in changes[-2:]] == [
        (change.kind, change.task_id) for change in by_owner
    ]


async def test_subscribers_are_not_told_of_the_runs_of_steps(database: Database) -> None:
    now = clock.now()
    step = Change(K.RUN_UPDATED, now, "alice/w1", "alice/w1:fetch", run_status=S.COMPLETED)
    run = Change(K.RUN_UPDATED, now, "alice/t1", "alice/t1:1", run_status=S.COMPLETED)
    heard: list[Change] = []
    async with listening(database, heard.append) as events, events.subscribe("alice") as subscription:
        await snapshot(subscription)
        events._receive([step, run])
        assert await take(subscription, 1) == [run]
    assert step in heard


async def test_a_flood_for_the_subscribers_of_one_owner_does_not_delay_others(database: Database) -> None:
    """A subscriber with thousands of queued changes used to get all of them in one iteration of the loop."""
    events = Fanout(database, lambda _change: None)
    events._feed._listening.set()
    changes = [Change(K.TASK_UPDATED, clock.now(), f"mallory/{number}") for number in range(50)]
    seen: list[str] = []

    async def read(subscription: ChangeSubscription, count: int) -> None:
        await take(subscription, count)
        seen.append(subscription.filter.owner)

    async with events.subscribe("alice") as mine, contextlib.AsyncExitStack() as stack:
        theirs = [await stack.enter_async_context(events.subscribe("mallory")) for _ in range(20)]
        for subscription in theirs:
            subscription.offer(changes)
        async with asyncio.TaskGroup() as group:
            for subscription in theirs:
                group.create_task(read(subscription, 51))
            group.create_task(read(mine, 1))
    assert (seen[0], len(seen)) == ("alice", 21)


async def test_subscribers_of_one_owner_take_turns(database: Database) -> None:
    """One with many queued changes used to get all of them before the next one of the same owner got its first."""
    events = Fanout(database, lambda _change: None)
    events._feed._listening.set()
    changes = [Change(K.TASK_UPDATED, clock.now(), f"alice/{number}") for number in range(100)]
    order: list[str] = []

    async def read(name: str, subscription: ChangeSubscription) -> None:
        for _ in range(1 + len(changes)):
            await take(subscription, 1)
            order.append(name)

    async with events.subscribe("alice") as one, events.subscribe("alice") as two:
        for subscription in (one, two):
            subscription.offer(changes)
        await asyncio.gather(read("one", one), read("two", two))
    assert order.index("two") <= change_subscription.CHANGES_PER_TURN
    assert order.index("one", order.index("two")) <= 2 * change_subscription.CHANGES_PER_TURN


async def test_a_subscriber_whose_reading_was_interrupted_gets_what_came_meanwhile(database: Database) -> None:
    async with listening(database) as events, events.subscribe("alice") as subscription:
        await snapshot(subscription)
        waiting = asyncio.create_task(subscription.__anext__())
        while not subscription._is_idle:
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        tasks = [await save_hourly_task(database) for _ in range(2)]
        assert [change.task_id for change in await take(subscription, 2)] == [task.id for task in tasks]


async def test_a_cursor_does_not_pass_what_has_not_arrived_from_other_processes(database: Database) -> None:
    """While the stream is lost, this process tells its own changes, and a client may go on at the other process."""
    async with listening(database) as events, events.subscribe("alice") as subscription:
        await snapshot(subscription)
        lost_at = events.now() - timedelta(minutes=1)
        events._feed.complete_until = lost_at
        events._receive([Change(K.TASK_UPDATED, events.now(), "alice/t", task_status=TaskStatus.PAUSED)])
        (change,) = await take(subscription, 1)
    assert decode_event_cursor(cursor_of(change)).since == lost_at - timedelta(microseconds=lost_at.microsecond % 1000)
