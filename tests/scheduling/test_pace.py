"""Tasks stay due while many runs wait for fast workers, and only then."""

from collections import Counter
from dataclasses import replace

import pytest

from tests.scheduling.passes import Passes, flood, passes
from tocsin import clock
from tocsin.dispatch.circuit_breaker import CircuitConfig
from tocsin.dispatch.circuit_registry import CircuitRegistry
from tocsin.dispatch.dispatcher import Dispatcher
from tocsin.dispatch.in_flight import WorkerLoad
from tocsin.dispatch.limiter import RunLimiter
from tocsin.dispatch.limits import ProcessLimits, QueueLimits
from tocsin.documents import Database, RunDocument
from tocsin.scheduling import pace
from tocsin.scheduling.pace import FIRST_AHEAD, MAX_ENDED, MAX_QUEUED, MIN_AHEAD, WINDOW_SECONDS, Pace

IDLE = WorkerLoad(waiting=0, running=0, ended=0, queued=0, begun=0, prefetch=2_500)
FAST = 1_000
MANY = 20_000


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic time, which the test sets."""
    now = [1_000.0]
    monkeypatch.setattr(pace, "monotonic", lambda: now[0])
    return now


def work(time: list[float], rate: float, load: WorkerLoad = IDLE) -> tuple[Pace, WorkerLoad]:
    """Return the pace of workers that have begun this many attempts a second for a while, and their load."""
    measured = Pace()
    measured.find_room(load, MANY)
    for _ in range(3):
        time[0] += WINDOW_SECONDS
        load = replace(load, running=1, begun=load.begun + round(rate * WINDOW_SECONDS))
        measured.find_room(load, MANY)
    return measured, load


def test_workers_that_have_just_become_busy_are_trusted_at_first(time: list[float]) -> None:
    measured = Pace()
    assert measured.find_room(IDLE, MANY) == FIRST_AHEAD
    waiting = replace(IDLE, waiting=FIRST_AHEAD)
    assert measured.find_room(waiting, MANY) == 0
    time[0] += WINDOW_SECONDS
    assert measured.find_room(waiting, MANY) is None  # none has begun


def test_a_burst_that_fits_the_prefetch_is_claimed_at_once(time: list[float]) -> None:
    measured = Pace()
    assert measured.find_room(IDLE, IDLE.prefetch) is None
    assert measured.find_room(IDLE, IDLE.prefetch + 1) == FIRST_AHEAD
    busy = replace(IDLE, waiting=FIRST_AHEAD)
    assert measured.find_room(busy, IDLE.prefetch - FIRST_AHEAD) is None
    time[0] += WINDOW_SECONDS
    assert measured.find_room(replace(busy, begun=FAST), 1) == 0


def test_there_is_room_for_what_fast_workers_begin_soon_once_half_of_it_is_free(time: list[float]) -> None:
    measured, load = work(time, FAST)
    ahead = round(FAST * pace.AHEAD_SECONDS)
    assert measured.find_room(load, MANY) == ahead
    assert measured.find_room(replace(load, waiting=ahead // 2), MANY) == ahead // 2
    assert measured.find_room(replace(load, waiting=ahead // 2 + 1), MANY) == 0


def test_queued_runs_go_first_unless_they_are_many(time: list[float]) -> None:
    measured, load = work(time, FAST)
    assert measured.find_room(replace(load, queued=MAX_QUEUED), MANY) == 0
    assert measured.find_room(replace(load, queued=MAX_QUEUED + 1), MANY) is None


def test_nothing_stays_due_for_queued_runs_that_no_dispatcher_claims() -> None:
    stuck = replace(IDLE, queued=FIRST_AHEAD)
    assert Pace().find_room(stuck, MANY) is None
    assert Pace().find_room(replace(stuck, running=1), MANY) == 0


def test_there_is_no_room_while_many_outcomes_are_not_stored(time: list[float]) -> None:
    measured, load = work(time, FAST)
    assert measured.find_room(replace(load, ended=MAX_ENDED), MANY) == 0


def test_nothing_stays_due_for_workers_that_are_slow_and_not_for_want_of_runs(time: list[float]) -> None:
    measured, load = work(time, MIN_AHEAD / pace.AHEAD_SECONDS - 10)
    for waiting in (MIN_AHEAD // 2, MIN_AHEAD - 1, MIN_AHEAD):
        assert measured.find_room(replace(load, waiting=waiting), MANY) is None
    assert measured.find_room(replace(load, queued=MIN_AHEAD), MANY) is None
    assert measured.find_room(load, MANY) == MIN_AHEAD


def test_many_attempts_in_progress_keep_nothing_due(time: list[float]) -> None:
    measured, load = work(time, 0)
    assert measured.find_room(replace(load, running=5_000), MANY) == MIN_AHEAD


def test_nothing_waits_for_workers_that_may_have_little_waiting(time: list[float]) -> None:
    measured, load = work(time, FAST)
    assert measured.find_room(replace(load, prefetch=MIN_AHEAD - 1), MANY) is None


LIMITS = ProcessLimits(concurrency=50, prefetch=100)
PER_PASS = [*[80] * 5, *[5] * 5, *[100] * 40]
"""The attempts between two passes: the workers are fast, slow, and fast again."""


async def test_all_that_is_due_becomes_one_run_in_turn_at_any_speed_and_beside_a_paused_queue(
    database: Database, time: list[float]
) -> None:
    due = clock.now()
    owners = [f"owner{number}" for number in range(20)]
    tasks = set(await flood(database, 700, due))
    for owner in owners:
        tasks |= set(await flood(database, 10, due, owner=owner))
    paused = set(await flood(database, 30, due, queue="paused"))
    limiter, ended, held = RunLimiter(LIMITS), list[str](), 0
    limiter.set_queue_limits({"paused": QueueLimits(paused=True)})
    async with passes(database, LIMITS.prefetch + 2 * LIMITS.concurrency, limiter=limiter) as made:
        circuits = CircuitRegistry(database, made.in_flight, CircuitConfig(0, 5.0))
        dispatcher = Dispatcher(database, made.in_flight, made.store._transport, circuits)
        for most in PER_PASS:
            await made.make()
            held += made.store._is_held
            runs = await database.runs.find({}, {"owner": 1}).to_list()
            counts = Counter(run["owner"] for run in runs)
            assert all(counts[owner] == 10 or counts["mallory"] <= counts[owner] + 2 for owner in owners)
            await dispatcher.dispatch()
            await made.settle()
            ended += work_off(made, most)
            time[0] += pace.WINDOW_SECONDS / 4
        assert len(made.store._due) == 0
    assert held
    assert sorted(ended) == sorted(run["_id"] for run in await database.runs.find({"queue": "default"}).to_list())
    made_of = Counter(run["task"] for run in await database.runs.find({}, {"task": 1}).to_list())
    assert made_of == dict.fromkeys(tasks | paused, 1)
    assert await database.tasks.count_documents({"next_run_at": {"$lte": due}}) == 0


def work_off(made: Passes, most: int) -> list[str]:
    """Make the attempts of so many claimed runs, in their order. Return the runs."""
    in_flight, ended = made.in_flight, list[RunDocument]()
    while len(ended) < most and (claimed := in_flight.ready_queue.pop()) is not None:
        in_flight.limiter.mark_started(claimed.run)
        in_flight.limiter.mark_ended(claimed.run)
        in_flight.ready_queue.finish_attempt(claimed.run)
        ended.append(claimed.run)
    in_flight.remove(ended)
    return [run["_id"] for run in ended]
