"""Compute processes: warm start, crashes, limits, and the timeouts of attempts."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.compute import computations as work
from tests.harness import FILE_MAIL_TRANSPORT, SECRETS, UNUSED, run_stack, wait_until
from tocsin.clock import EPOCH
from tocsin.compute.fork_server import ForkServer
from tocsin.compute.limits import MEBIBYTE, ComputeLimit, ComputeLimitReached, ComputeLimits, ComputeProcessEnded
from tocsin.compute.pool import ProcessPool
from tocsin.documents import Database, ErrorKind, WaitingFor
from tocsin.jobs.base import Job, JobContext, Outcome, ParamsModel
from tocsin.jobs.geometry.polygon_area import PolygonAreaJob

SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}
SHORT = ComputeLimits(memory_bytes=64 * MEBIBYTE, cpu_seconds=1, result_bytes=MEBIBYTE)


class SleepParams(ParamsModel):
    seconds: float


class SleepJob(Job[SleepParams]):
    """Keeps a process busy."""

    kind = "sleep"
    Params = SleepParams

    async def perform(self, params: SleepParams, context: JobContext) -> Outcome:
        return Outcome(result=await context.compute(work.sleep, params.seconds))


class EatJob(Job[ParamsModel]):
    """Exceeds the memory limit."""

    kind = "eat"
    Params = ParamsModel

    async def perform(self, _params: ParamsModel, context: JobContext) -> Outcome:
        return Outcome(result=await context.compute(work.eat, 65))


def context(processes: ProcessPool, timeout: float, owner: str = "alice") -> JobContext:
    return JobContext(
        f"{owner}/t:1", owner, EPOCH, 1, timeout, SECRETS, UNUSED, processes, FILE_MAIL_TRANSPORT, UNUSED, UNUSED
    )  # fmt: skip


def sleeping(processes: ProcessPool, seconds: float, timeout: float) -> "asyncio.Task[Outcome]":
    return asyncio.create_task(SleepJob().run_attempt({"seconds": seconds}, context(processes, timeout)))


@pytest.fixture
async def processes() -> AsyncIterator[ProcessPool]:
    """Return a pool of one process, not started yet."""
    made = ProcessPool(1, modules=())
    yield made
    await made.close()


@pytest.fixture
async def two() -> AsyncIterator[ProcessPool]:
    """Return a pool of two processes."""
    made = ProcessPool(2, modules=())
    yield made
    await made.close()


# --- timeouts ---


async def test_the_time_of_a_job_begins_when_its_work_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The timeout stops while a process starts, and while another job uses the only one."""
    start = ForkServer.start

    async def start_slowly(modules: Any) -> ForkServer:
        await asyncio.sleep(0.9)
        return await start(modules)

    monkeypatch.setattr(ForkServer, "start", start_slowly)
    job, processes = PolygonAreaJob(), ProcessPool(1)
    waits_for_imports = job.run_attempt({"geojson": SQUARE}, context(processes, 0.9))
    waits_for_the_other = sleeping(processes, 0.01, timeout=0.9)
    first, second = await asyncio.gather(waits_for_imports, waits_for_the_other)
    assert (first.error, second.error) == (None, None)
    long = sleeping(processes, 1.0, timeout=9)
    third = await asyncio.gather(long, sleeping(processes, 0.01, timeout=0.9))
    assert [outcome.error for outcome in third] == [None, None]
    await processes.close()


async def test_a_run_that_waits_for_a_process_is_known(database: Database, processes: ProcessPool) -> None:
    first = sleeping(processes, 60, timeout=90)
    await wait_until(lambda: is_busy(processes))
    waits = context(processes, 9, "bob")
    second = asyncio.create_task(SleepJob().run_attempt({"seconds": 0}, waits))
    await wait_until(lambda: has_waiting(processes, 1))
    assert waits.awaiting_compute == {waits.run_id}
    async with run_stack(database) as stack:
        stack.engine.dependencies.waiting_for_compute.add(waits.run_id)
        running: Any = {"_id": waits.run_id, "status": "RUNNING"}
        found = stack.engine.find_wait_reason(running)
    assert found is not None
    assert found.waiting_for is WaitingFor.COMPUTE
    first.cancel()
    assert (await second).error is None
    assert waits.awaiting_compute == set()


async def test_an_owner_with_many_long_computations_leaves_a_process_to_others(two: ProcessPool) -> None:
    hostile = [sleeping(two, 60, timeout=90) for _ in range(100)]
    await wait_until(lambda: has_waiting(two, 99))
    assert (await PolygonAreaJob().run_attempt({"geojson": SQUARE}, context(two, 20, "bob"))).error is None
    assert not any(task.done() for task in hostile)
    for task in hostile:
        task.cancel()
    await asyncio.gather(*hostile, return_exceptions=True)
    assert two.slots.waiting_count == 0
    assert await two(work.sleep, 0, owner="carol")  # all places are free again


# --- limits ---


@pytest.mark.parametrize(
    ("function", "args", "limit"),
    [
        (work.burn, (), ComputeLimit.TIME),
        (work.eat, (65,), ComputeLimit.MEMORY),
        (work.crash, (), ComputeLimit.CRASH),
        (sys.exit, (3,), ComputeLimit.CRASH),
        (work.repeat, ("x", MEBIBYTE), ComputeLimit.SIZE),
        (len, ("x" * 65 * MEBIBYTE,), ComputeLimit.SIZE),
    ],
)
async def test_what_meets_a_limit_dies_alone(
    two: ProcessPool, function: Callable[..., Any], args: tuple[Any, ...], limit: ComputeLimit
) -> None:
    bystander = asyncio.create_task(two(work.sleep, 0.3, owner="bob"))
    with pytest.raises(ComputeLimitReached) as caught:
        await two(function, *args, owner="alice", limits=SHORT)
    assert caught.value.limit is limit
    assert caught.value.hint
    assert await bystander
    assert await two(work.eat, 30, owner="alice", limits=SHORT) == 30


async def test_each_call_of_a_kept_process_has_the_whole_limit(processes: ProcessPool) -> None:
    for _ in range(3):
        assert await processes(work.eat, 40, limits=SHORT) == 40
        assert await processes(work.spin, 0.8, limits=SHORT) >= 0.8


async def test_a_job_that_meets_a_limit_fails_for_good_and_says_so() -> None:
    processes = ProcessPool(1, SHORT, ())
    outcome = await EatJob().run_attempt({}, context(processes, 9))
    await processes.close()
    assert outcome.error is not None
    assert (outcome.error.kind, outcome.error.retryable) == (ErrorKind.COMPUTE_LIMIT, False)
    assert outcome.error.message == "The work needed more than 64 MB of memory."
    assert "TOCSIN_COMPUTE_MEMORY" in (outcome.error.hint or "")


# --- isolation ---


async def test_no_process_works_for_two_owners(two: ProcessPool) -> None:
    assert await two(work.remember, "a", owner="alice") == ["a"]
    assert await two(work.remember, "b", owner="bob") == ["b"]
    assert await two(work.remember, "c", owner="alice") == ["a", "c"]


# --- exits and crashes ---


async def test_a_process_that_is_stopped_or_dies_is_replaced(processes: ProcessPool) -> None:
    first = (await sleeping(processes, 0, timeout=9)).result
    assert (await sleeping(processes, 0, timeout=9)).result == first
    late = await sleeping(processes, 60, timeout=0.2)
    assert late.error is not None
    assert (late.error.kind, late.error.retryable) == (ErrorKind.TIMEOUT, True)
    await wait_until(lambda: has_ended(first))
    second = (await sleeping(processes, 0, timeout=9)).result
    assert second != first

    working = sleeping(processes, 60, timeout=90)
    await wait_until(lambda: is_busy(processes))
    os.kill(second, signal.SIGKILL)
    died = await working
    assert died.error is not None
    assert (died.error.message, died.error.retryable) == (
        "The process that did the work ended before it finished.",
        True,
    )

    third = (await sleeping(processes, 0, timeout=9)).result
    os.kill(third, signal.SIGKILL)  # while it is idle, so that nobody notices
    await wait_until(lambda: has_ended(third))
    assert (await sleeping(processes, 0, timeout=9)).error is None


async def test_the_process_that_forks_is_replaced_and_takes_its_workers_with_it(two: ProcessPool) -> None:
    worker = await two(work.sleep, 0, owner="alice")
    working = asyncio.create_task(two(work.sleep, 60, owner="alice"))
    await wait_until(lambda: is_busy(two))
    os.kill(await two(os.getppid, owner="bob"), signal.SIGKILL)
    with pytest.raises(ComputeProcessEnded):
        await working
    await wait_until(lambda: has_ended(worker))
    pids = await asyncio.gather(two(work.sleep, 0.1, owner="carol"), two(work.sleep, 0.1, owner="dave"))
    assert len(set(pids)) == 2


async def test_what_nobody_uses_is_ended(processes: ProcessPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.compute.pool.IDLE_TIMEOUT", 0.05)
    kept = await processes(work.sleep, 0, owner="alice")
    await wait_until(lambda: has_ended(kept))


async def test_no_process_is_left_after_the_end(two: ProcessPool) -> None:
    worker, server = await two(work.sleep, 0), await two(os.getppid)
    await two.close()
    assert await has_ended(server)
    await wait_until(lambda: has_ended(worker))


async def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


async def has_waiting(processes: ProcessPool, number: int) -> bool:
    return processes.slots.waiting_count == number


async def is_busy(processes: ProcessPool) -> bool:
    return processes.slots.active_count > 0 and not processes.has_idle_worker("alice")
