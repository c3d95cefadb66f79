"""Hundreds of clients that return at once, as after a restart: all get everything, and nobody waits long."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from tests.graphql.conftest import Api, Caller, _caller, run_document
from tests.graphql.sockets import open_socket
from tests.harness import TargetServer, run_stack, save_task
from tests.tasks.helpers import save_hourly_task
from tocsin import clock, schedules
from tocsin.config import Settings
from tocsin.documents import Change
from tocsin.events import EventCursor, catch_up
from tocsin.events.catch_up import CatchUp

OWNERS, CLIENTS, RUNS, PAGE = 30, 10, 67, 20
EVENTS = "subscription($c: String) { taskEvents(afterCursor: $c) { kind run { id } runStatus task { id } taskStatus } }"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings that let all clients connect from here."""
    return settings.model_copy(update={"connections_per_address": 1_000})


class Reads:
    """The pages that clients read, by owner, in the order in which they are answered."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.owners: list[str] = []
        self.largest = 0
        read = CatchUp.read

        async def note(reader: CatchUp) -> list[Change]:
            page = await read(reader)
            self.owners.append(reader._filter.owner)
            self.largest = max(self.largest, len(page))
            return page

        monkeypatch.setattr(CatchUp, "read", note)
        monkeypatch.setattr(catch_up, "PAGE", PAGE)


async def miss(api: Api, caller: Caller) -> set[str]:
    """Make the changes that the clients of a user miss, and return what they are about."""
    assert caller.user is not None
    task, now = await save_hourly_task(api.database, owner=caller.user.id), clock.now()
    times = [now - timedelta(milliseconds=number) for number in range(RUNS)]
    runs = [run_document(task.id, at, created_at=at) for at in times]
    await api.database.runs.insert_many([run | {"finished_at": now} for run in runs])
    return {task.id, *(run["_id"] for run in runs)}


async def follow(api: Api, caller: Caller, cursor: str, expected: int) -> set[Any]:
    """Return the runs and the task that a client is told of, once these are so many."""
    told = set[Any]()
    async with open_socket(api, caller) as socket:
        await socket.subscribe("1", EVENTS, c=cursor)
        while len(told) < expected:
            message = json.loads(await socket._raw.recv())
            if message["type"] == "ping":
                continue
            event = message["payload"]["data"]["taskEvents"]
            assert event["kind"] not in ("SNAPSHOT", "RESYNC")
            told.add((event["run"] or event["task"])["id"])
    return told


@pytest.mark.long
async def test_all_get_everything_and_others_are_not_delayed(
    api: Api, target: TargetServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    callers = [await _caller(api.alice.http, api.services.accounts, f"u{n}", is_admin=False) for n in range(OWNERS)]
    cursor = EventCursor(api.services.fanout.now()).encode()
    missed = [await miss(api, caller) for caller in callers]
    late = await miss(api, api.bob)
    api.services.fanout.recent_changes.clear()
    reads, done = Reads(monkeypatch), list[set[Any]]()

    async def come_back(caller: Caller, expected: int) -> None:
        done.append(await follow(api, caller, cursor, expected))

    async with asyncio.timeout(180), run_stack(api.database) as stack, asyncio.TaskGroup() as group:
        for caller, things in zip(callers * CLIENTS, missed * CLIENTS, strict=True):
            group.create_task(come_back(caller, len(things)))
        while len(reads.owners) < OWNERS:
            await asyncio.sleep(0.001)
        task = await save_task(api.database, target.url, schedules.Once(clock.now()), owner="zoe")
        stack.scheduler.expect_due(task.next_run_at)
        await stack.wait_for_runs(task.id, "COMPLETED", seconds=120)
        still_away = OWNERS * CLIENTS - len(done)
        asked = len(reads.owners)
        assert len(await follow(api, api.bob, cursor, len(late))) == len(late)
        answered = reads.owners[asked:]
    assert still_away > OWNERS * CLIENTS // 2, "the run of somebody else came after those who returned"
    assert len(done) == OWNERS * CLIENTS
    assert {len(told) for told in done} == {RUNS + 1}
    assert reads.largest <= 2 * PAGE
    assert api.bob.user is not None
    turns = answered.count(api.bob.user.id)
    assert 3 <= turns <= len(answered) <= (turns + 1) * 2 * OWNERS
