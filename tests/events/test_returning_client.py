"""A client that leaves and returns at random, to any process, ends with the state of the database."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from tests.events.test_catch_up import insert_run
from tests.events.test_fanout import listening, snapshot, take
from tests.harness import wait_until
from tests.tasks.helpers import save_hourly_task
from tocsin import clock, documents
from tocsin.documents import Change, ChangeKind, Database, TaskStatus, is_workflow_run_id
from tocsin.documents.states import OPEN_STATUSES
from tocsin.events import (
    ChangeFilter,
    ChangeSubscription,
    EventCursor,
    Fanout,
    catch_up,
    cursor_of,
    decode_event_cursor,
)
from tocsin.tasks import lifecycle, saving
from tocsin.tasks import runs as task_runs

K = ChangeKind
STREAM = {K.SNAPSHOT, K.RESYNC}


class Client:
    """A client that keeps the statuses of tasks and runs as it was told them, and its last cursors."""

    def __init__(self) -> None:
        self.tasks: dict[str, str] = {}
        self.runs: dict[str, str] = {}
        self.cursors = [EventCursor(clock.now() - timedelta(seconds=1)).encode()]
        self.resyncs = 0
        self._listening: asyncio.Task[None] | None = None

    def note(self, change: Change) -> None:
        """Note what an event says. Nothing that was told may be taken back."""
        self.resyncs += change.kind in STREAM
        if change.run_id is not None and change.run_status is not None:
            before = self.runs.get(change.run_id)
            assert before is None or before in OPEN_STATUSES or change.run_status.value == before
            self.runs[change.run_id] = change.run_status.value
        if change.kind is K.TASK_DELETED:
            self.tasks[change.task_id or ""] = "DELETED"
        elif change.task_status is not None:
            assert self.tasks.get(change.task_id or "") != "DELETED"
            self.tasks[change.task_id or ""] = change.task_status.value
        self.cursors.append(cursor_of(change))

    def connect(self, events: Fanout, cursor: str) -> None:
        """Listen at a process from the cursor on."""
        self._listening = asyncio.create_task(self._listen(events, decode_event_cursor(cursor)))

    async def _listen(self, events: Fanout, cursor: EventCursor) -> None:
        async with ChangeSubscription(events, ChangeFilter("alice"), cursor) as subscription:
            async for change in subscription:
                self.note(change)

    async def leave(self) -> None:
        """Disconnect. Fails if something was told that should not have been."""
        if self._listening is not None:
            self._listening.cancel()
            results = await asyncio.gather(self._listening, return_exceptions=True)
            assert [each for each in results if not isinstance(each, asyncio.CancelledError)] == []


class World:
    """Changes of tasks and runs at random, by either of two processes."""

    def __init__(self, databases: list[Database], random: Random) -> None:
        self.databases, self.random = databases, random
        self.tasks: list[str] = []
        self.deleted: set[str] = set()
        self.count = 0

    async def change(self) -> None:
        """Change something."""
        database, now = self.random.choice(self.databases), clock.now()
        alive = [task for task in self.tasks if task not in self.deleted]
        if not alive or self.random.random() < 0.2:
            self.tasks.append((await save_hourly_task(database)).id)
            return
        task = self.random.choice(alive)
        steps = [self._rename, self._pause, self._run, self._end, self._insert, self._insert, self._delete]
        await self.random.choice(steps)(database, task, now)

    async def _rename(self, database: Database, task: str, now: Any) -> None:
        await saving.update_task(database, "alice", task, {"name": f"n{now}"}, now)

    async def _pause(self, database: Database, task: str, now: Any) -> None:
        await lifecycle.pause_task(database, "alice", task, now)

    async def _delete(self, database: Database, task: str, now: Any) -> None:
        if self.random.random() < 0.5:
            await lifecycle.delete_task(database, "alice", task, now)
            self.deleted.add(task)

    async def _run(self, database: Database, task: str, now: Any) -> None:
        await task_runs.run_task_now(database, "alice", task, now, None)

    async def _end(self, database: Database, task: str, now: Any) -> None:
        """End an open run of the task, which was created long ago or just now."""
        run = await database.runs.find_one({"task": task, "open": True})
        if run is None:
            return
        if self.random.random() < 0.5:
            long_ago = {"created_at": now - timedelta(hours=1)}
            await database.db["runs"].update_one({"_id": run["_id"]}, {"$set": long_ago})
        await task_runs.cancel_run(database, "alice", run["_id"], now)

    async def _insert(self, database: Database, task: str, now: Any) -> None:
        self.count += 1
        run_id = await insert_run(database, task, self.count, now)
        stored = await database.runs.find_one({"_id": run_id})
        assert stored is not None
        database.changes.runs_created([stored])


async def state_of(database: Database, client: Client) -> bool:
    """Return whether the client knows the state of the database."""
    tasks = {task["_id"]: task["status"] async for task in database.tasks.find({"owner": "alice"})}
    runs = {run["_id"]: run["status"] async for run in database.runs.find({"owner": "alice"})}
    known = {task: status for task, status in client.tasks.items() if status != "DELETED"}
    return (tasks, runs) == (known, client.runs)


@pytest.mark.parametrize("seed", range(6))
async def test_it_ends_with_the_state_of_the_database(
    database: Database, mongodb_uri: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(seed)
    monkeypatch.setattr(catch_up, "PAGE", random.choice([1, 3, 500]))
    other = await documents.connect(mongodb_uri, database.name)
    world, client = World([database, other], random), Client()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(other.close)
        processes = [await stack.enter_async_context(listening(each)) for each in (database, other)]
        for process in processes:
            await process.wait_until_listening()
        for _ in range(12):
            process = random.choice(processes)
            if random.random() < 0.5:  # as after a restart
                process.recent_changes.clear()
            client.connect(process, random.choice(client.cursors[-5:]))
            for _ in range(random.randrange(8)):
                await world.change()
            if random.random() < 0.5:
                await wait_until(lambda: state_of(database, client), 20)
            await client.leave()
            for _ in range(random.randrange(4)):
                await world.change()
        client.connect(random.choice(processes), client.cursors[-1])
        await wait_until(lambda: state_of(database, client), 20)
        await client.leave()
    assert client.resyncs == 0
    assert len(client.runs) > 5
    assert not any(is_workflow_run_id(run) for run in client.runs)


async def test_who_goes_on_after_a_time_gets_what_their_process_was_told_late(database: Database) -> None:
    """The process that they were connected to had not received this change of another when it told a later one."""
    async with listening(database) as events:
        await events.wait_until_listening()
        now = events.now()
        events.recent_changes.clear(now - timedelta(minutes=1))
        change = Change(K.TASK_UPDATED, now - timedelta(seconds=3), "alice/t", task_status=TaskStatus.PAUSED)
        events.recent_changes.add(change, "alice")
        async with events.subscribe("alice", after=now) as back:
            assert await take(back, 1) == [change]
        async with events.subscribe("alice", after=clock.EPOCH) as back:
            await snapshot(back)
