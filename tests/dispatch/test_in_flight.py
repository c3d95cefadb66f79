"""In-flight runs are bounded: each claim takes one place and releases it once."""

import asyncio
from typing import Any

from tocsin.dispatch.backlog import Backlog
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.limiter import RunLimiter


def claim(in_flight: InFlightRuns, run_id: str, fence: int = 1) -> Any:
    assert in_flight.reserve(1) == 1
    run: Any = {"_id": run_id, "owner": "alice", "fence": fence}
    in_flight.add([run])
    return run


def in_flight_runs(limit: int) -> InFlightRuns:
    return InFlightRuns("w", limit, RunLimiter())


async def test_no_more_is_reserved_than_there_is_room_for() -> None:
    in_flight = in_flight_runs(3)
    assert [in_flight.reserve(2), in_flight.reserve(2), in_flight.reserve(2)] == [2, 1, 0]
    in_flight.release_room(2)
    assert in_flight.reserve(9) == 2


async def test_nothing_is_reserved_while_draining() -> None:
    in_flight = in_flight_runs(3)
    in_flight.is_draining = True
    assert in_flight.reserve(1) == 0


async def test_new_runs_wait_behind_a_backlog_unless_their_owner_has_none_in_it() -> None:
    in_flight = in_flight_runs(3)
    queued: Any = {"_id": "a", "owner": "alice", "rank": 1}
    Backlog(in_flight.turns).add_runs([queued])
    assert in_flight.may_precede_queued("alice")
    in_flight.has_backlog = True
    assert (in_flight.may_precede_queued("alice"), in_flight.may_precede_queued("bob")) == (False, True)


async def test_the_load_counts_what_waits_from_its_submission_on() -> None:
    in_flight = in_flight_runs(9)
    for number in range(3):
        in_flight.note_submitted(1)
        claim(in_flight, str(number))
    begun = await in_flight.ready_queue.get()
    in_flight.note_submitted(2)
    in_flight.queued = 7
    load = in_flight.find_load()
    assert (load.waiting, load.running, load.ended, load.queued, load.begun) == (4, 1, 0, 0, 1)
    in_flight.ready_queue.finish_attempt(begun.run)
    in_flight.has_backlog = True
    load = in_flight.find_load()
    assert (load.waiting, load.running, load.ended, load.queued, load.begun) == (4, 0, 1, 7, 1)


async def test_a_run_claimed_again_before_its_last_outcome_is_acknowledged_stays_in_flight() -> None:
    in_flight = in_flight_runs(2)
    first, second = claim(in_flight, "a", 1), claim(in_flight, "a", 2)
    in_flight.remove([first])
    assert in_flight.runs["a"].run is second
    in_flight.remove([second])
    assert in_flight.runs == {}
    assert in_flight.reserve(9) == 2


async def test_runs_that_have_not_started_can_be_withdrawn() -> None:
    in_flight = in_flight_runs(2)
    claim(in_flight, "a"), claim(in_flight, "b")
    begun = await in_flight.ready_queue.get()
    (other,) = in_flight.withdraw_waiting()
    assert {begun.run["_id"], other["_id"]} == {"a", "b"}
    assert in_flight.withdraw_waiting() == []


async def test_waiting_workers_get_runs_in_their_order() -> None:
    in_flight = in_flight_runs(5)
    workers = [asyncio.create_task(in_flight.ready_queue.get()) for _ in range(3)]
    await asyncio.sleep(0)
    workers.pop(1).cancel()
    claim(in_flight, "a"), claim(in_flight, "b")
    async with asyncio.timeout(5):
        assert [claimed.run["_id"] for claimed in await asyncio.gather(*workers)] == ["a", "b"]
