"""Members of a group that come, go, stall and stop: each gets what happened, in its order, once it reads."""

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any

from graphql import parse
from hypothesis import given, settings
from hypothesis import strategies as st
from pymongo.errors import PyMongoError

from tocsin.clock import EPOCH
from tocsin.documents import ChangeLog, Database, TaskStatus
from tocsin.events import Change, ChangeFilter, ChangeKind, Fanout
from tocsin.graphql.limits.guarded_schema import GuardedExecutionContext
from tocsin.graphql.schema import schema
from tocsin.graphql.sharing import group as groups_module
from tocsin.graphql.sharing.delivery import Delivery, Payloads
from tocsin.graphql.sharing.group import split_results
from tocsin.graphql.sharing.groups import SubscriptionGroups
from tocsin.graphql.sharing.identity import Permissions, SharedOperation
from tocsin.graphql.tasks.events import to_task_event

QUERY = "subscription { taskEvents { kind at taskId taskStatus } }"
NOTHING = Permissions(frozenset(), is_admin=False, sees_suggestions=False)
OPERATION = SharedOperation(QUERY, None, "{}", ChangeFilter("o"), NOTHING)
K = ChangeKind


class Client:
    """A client that reads or not, in memory."""

    def __init__(self) -> None:
        self.is_writable = True
        self.received: list[Any] = []
        self._callbacks: set[Callable[[], None]] = set()

    def write(self, payloads: Payloads) -> None:
        assert self.is_writable
        self.received += [json.loads(result)["data"]["taskEvents"] for result in payloads.results]

    def call_when_writable(self, callback: Callable[[], None]) -> None:
        self._callbacks.add(callback)

    def read(self) -> None:
        self.is_writable = True
        for callback in self._callbacks:
            callback()
        self._callbacks.clear()


class Room:
    """A group and its clients, with a fan-out that delivers what a test says."""

    def __init__(self, database: Database | None = None) -> None:
        unopened: Any = SimpleNamespace(changes=ChangeLog())  # the fan-out is not started
        self.fanout = Fanout(database or unopened, lambda _: None)
        self.fanout._feed._listening.set()
        self.groups = SubscriptionGroups(self.fanout)
        self.stays: dict[Client, AsyncExitStack] = {}
        self.told: list[Change] = []

    async def join(self, limit: int | None = None) -> Client:
        client, stack = Client(), AsyncExitStack()
        context = SimpleNamespace(permissions=NOTHING, identity=None, sees_suggestions=False)
        executor = GuardedExecutionContext.build(schema._schema, parse(QUERY), None, context)
        assert isinstance(executor, GuardedExecutionContext)
        delivery = Delivery(QUERY, None, None, client, executor)
        convert = lambda change: to_task_event(change, "o")  # noqa: E731
        await stack.enter_async_context(self.groups.join(OPERATION, delivery, executor, convert, None, limit))
        self.stays[client] = stack
        return client

    async def leave(self, client: Client) -> None:
        await self.stays.pop(client).aclose()

    def tell(self, name: str) -> None:
        change = Change(
            K.TASK_UPDATED,
            EPOCH + timedelta(seconds=len(self.told)),
            f"o/{name}",
            task_status=TaskStatus.PAUSED if len(self.told) % 2 else TaskStatus.PENDING,
        )
        self.told.append(change)
        self.fanout._deliver([change])

    async def settle(self) -> None:
        """Wait until nothing is left to tell to those who read."""
        async with asyncio.timeout(10):
            while self.groups._rounds._task is not None or self.groups._rounds._busy:
                await asyncio.sleep(0.001)


STEPS = st.one_of(
    st.tuples(st.just("join"), st.none()),
    st.tuples(st.sampled_from(["leave", "stall", "read"]), st.integers(0, 5)),
    st.tuples(st.just("tell"), st.integers(0, 60)),
    st.tuples(st.just("settle"), st.none()),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=150))
def test_everybody_who_reads_knows_the_latest_state_in_order(steps: list[tuple[str, Any]]) -> None:
    asyncio.run(_everybody_knows(steps))


async def _everybody_knows(steps: list[tuple[str, Any]]) -> None:
    room = Room()
    joined: dict[Client, int] = {await room.join(): 0}
    for step, value in steps:
        if step == "join":
            joined[await room.join()] = len(room.told)
        elif step == "tell":
            room.tell(str(value))
        elif step == "settle":
            await room.settle()
        elif room.stays:
            await _act(room, list(room.stays)[value % len(room.stays)], step)
    for client in room.stays:
        client.read()
    await room.settle()
    for client in list(room.stays):
        assert client.received[0]["kind"] == "SNAPSHOT"
        assert _latest(client.received[1:]) == _latest_told(room.told[joined[client] :])
        times = [event["at"] for event in client.received[1:]]
        assert times == sorted(times)
        await room.leave(client)
    assert len(room.groups) == 0
    assert room.fanout._subscriptions == {}


async def _act(room: Room, client: Client, step: str) -> None:
    if step == "leave":
        await room.leave(client)
    elif step == "stall":
        client.is_writable = False
    else:
        client.read()


def _latest(events: list[Any]) -> dict[str, Any]:
    return {event["taskId"]: (event["at"], event["taskStatus"]) for event in events}


def _latest_told(changes: list[Change]) -> dict[str, Any]:
    found = {}
    for change in changes:
        event = to_task_event(change, "o")
        assert change.task_status is not None
        found[str(event.task_id)] = (change.at.isoformat().replace("+00:00", "Z"), change.task_status.value)
    return found


async def test_a_limit_ends_a_membership_within_a_batch() -> None:
    room = Room()
    limited, steady = await room.join(3), await room.join()
    await room.settle()
    for number in range(10):
        room.tell(str(number))
    await room.settle()
    assert [len(client.received) for client in (limited, steady)] == [3, 11]


async def test_those_who_catch_up_share_what_was_executed(monkeypatch: Any) -> None:
    room = Room()
    clients = [await room.join() for _ in range(20)]
    await room.settle()
    for client in clients[1:]:
        client.is_writable = False
    (group,) = room.groups._groups.values()
    executed = []
    execute = group._execute

    async def record(change: Change) -> Any:
        executed.append(change)
        return await execute(change)

    monkeypatch.setattr(group, "_execute", record)
    monkeypatch.setattr(groups_module, "_MAX_KEPT_SECONDS", 60.0)
    for number in range(30):
        room.tell(str(number))
    await room.settle()
    for client in clients:
        client.read()
    await room.settle()
    assert {len(client.received) for client in clients} == {31}
    assert len(executed) == 30
    assert group._kept_bytes <= groups_module._MAX_KEPT_BYTES


async def test_one_that_cannot_catch_up_ends_alone(monkeypatch: Any) -> None:
    room = Room()
    clients = [await room.join() for _ in range(3)]
    await room.settle()
    for client in clients[1:]:
        client.is_writable = False
    room.tell("1")
    await room.settle()
    (group,) = room.groups._groups.values()
    complete, calls = room.fanout.complete, count()

    async def fail_once(changes: Sequence[Change]) -> list[Change]:
        if next(calls) == 0:
            raise PyMongoError("unavailable")
        return await complete(changes)

    monkeypatch.setattr(room.fanout, "complete", fail_once)
    for client in clients:
        client.read()
    await room.settle()
    ended = [member for member in group.members if member.ended.done()]
    assert [type(member.ended.exception()) for member in ended] == [PyMongoError]
    room.tell("2")
    await room.settle()
    assert sorted(len(client.received) for client in clients) == [1, 3, 3]


def test_results_are_split_by_size() -> None:
    small, large = b"x" * 10_000, b"y" * 100_000
    assert [len(part) for part in split_results([small] * 7 + [large] + [small])] == [3, 3, 1, 1, 1]
    assert split_results([]) == []
