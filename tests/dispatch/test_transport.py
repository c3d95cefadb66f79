"""The local transport: new runs are claimed as far as there is room, and submitted from any thread."""

import asyncio
from typing import Any

from tocsin import clock
from tocsin.dispatch.backlog import Backlog
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.limiter import RunLimiter
from tocsin.dispatch.transport import LocalTransport
from tocsin.wakeups import Wakeups


def new_runs(count: int, owner: str = "alice", prefix: str = "r") -> list[Any]:
    return [{"_id": f"{prefix}{number}", "owner": owner, "fence": 0, "attempts": []} for number in range(count)]


def local_transport(room: int) -> tuple[LocalTransport, InFlightRuns]:
    in_flight = InFlightRuns("w", room, RunLimiter())
    return LocalTransport(in_flight, Wakeups(), asyncio.get_running_loop()), in_flight


async def test_as_many_new_runs_are_admitted_as_there_is_room_for_and_each_is_claimed() -> None:
    transport, in_flight = local_transport(2)
    runs = new_runs(3)
    admitted = transport.admit_new(runs, clock.now())
    assert [(run["_id"], run["status"], run["worker"], run["fence"]) for run in admitted] == [
        ("r0", "RUNNING", "w", 1),
        ("r1", "RUNNING", "w", 1),
    ]
    assert "status" not in runs[0]
    assert in_flight.reserve(1) == 0


async def test_while_runs_are_queued_only_one_of_an_owner_without_any_is_admitted() -> None:
    transport, in_flight = local_transport(9)
    Backlog(in_flight.turns).add_runs([run | {"rank": 1} for run in new_runs(1, "bob", "old")])
    in_flight.has_backlog = True
    runs = [*new_runs(2, "bob", "b"), *new_runs(2, "alice", "a")]
    assert [run["_id"] for run in transport.admit_new(runs, clock.now())] == ["a0"]
    assert in_flight.reserve(9) == 8


async def test_a_cancelled_admission_frees_its_room() -> None:
    transport, in_flight = local_transport(2)
    transport.cancel_admission(transport.admit_new(new_runs(2), clock.now()))
    assert in_flight.reserve(9) == 2


async def test_runs_submitted_by_another_thread_reach_a_worker() -> None:
    transport, in_flight = local_transport(1)
    admitted = transport.admit_new(new_runs(1), clock.now())
    await asyncio.to_thread(transport.submit, admitted)
    assert transport.find_load().waiting == 1
    async with asyncio.timeout(5):
        claimed = await in_flight.ready_queue.get()
    assert claimed.run is admitted[0]
    assert in_flight.runs == {"r0": claimed}


async def test_the_dispatcher_is_woken_on_the_event_loop() -> None:
    wakeups, woken = Wakeups(), asyncio.Event()
    wakeups.runs_queued.connect(woken.set)
    transport = LocalTransport(InFlightRuns("w", 1, RunLimiter()), wakeups, asyncio.get_running_loop())
    await asyncio.to_thread(transport.wake_dispatcher)
    async with asyncio.timeout(5):
        await woken.wait()
