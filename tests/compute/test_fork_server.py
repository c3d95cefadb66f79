"""The process that forks, and its workers: their calls, their deaths, and the end of the server."""

import asyncio
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.compute import computations as work
from tests.harness import wait_until
from tocsin.compute.fork_server import ComputeWorker, ForkServer
from tocsin.compute.limits import (
    DEFAULT_LIMITS,
    MEBIBYTE,
    ComputeLimit,
    ComputeLimitReached,
    ComputeLimits,
    ComputeProcessEnded,
)

_SERVER = """
import asyncio, os, signal, sys
from tests.compute import computations
from tocsin.compute.pool import ProcessPool

async def main():
    processes = ProcessPool(modules=() if sys.argv[1] != "starting" else ("tocsin.jobs.registry",))
    if sys.argv[1] == "starting":
        processes.start_fork_server()
        await asyncio.sleep(0.01)
    else:
        print(await processes(computations.sleep, 0), flush=True)
    if sys.argv[1] == "working":
        working = asyncio.create_task(processes(computations.burn))
        await asyncio.sleep(0.1)
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    asyncio.run(main())
"""


@pytest.mark.parametrize("state", ["idle", "working"])
async def test_no_process_outlives_the_server(tmp_path: Path, state: str) -> None:
    done = await asyncio.to_thread(run_server, tmp_path, state)
    assert done.returncode == -signal.SIGKILL, done.stderr
    await wait_until(lambda: has_ended(int(done.stdout)))


async def test_a_process_that_starts_while_the_server_ends_says_nothing(tmp_path: Path) -> None:
    done = await asyncio.to_thread(run_server, tmp_path, "starting")
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, "")


def run_server(directory: Path, state: str) -> "subprocess.CompletedProcess[str]":
    file, root = directory / "server.py", Path(__file__).parents[2]
    file.write_text(_SERVER)
    return subprocess.run(
        [sys.executable, str(file), state],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,  # ends once the last process has closed the pipe
        text=True,
        check=False,
    )


async def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.fixture
async def server() -> AsyncIterator[ForkServer]:
    started = await ForkServer.start(())
    yield started
    await started.close()


async def call(worker: ComputeWorker, *work_and_args: object, limits: ComputeLimits = DEFAULT_LIMITS) -> object:
    return await worker.call(pickle.dumps((work_and_args[0], work_and_args[1:])), limits)


async def test_a_worker_answers_calls_one_after_the_other(server: ForkServer) -> None:
    worker = await server.fork()
    assert (await call(worker, work.repeat, "ab", 2), await call(worker, work.sleep, 0)) == ("abab", worker.pid)
    assert (worker.call_count, worker.is_busy, worker.is_alive()) == (2, False, True)


async def test_an_error_of_the_work_is_raised_and_the_worker_stays(server: ForkServer) -> None:
    worker = await server.fork()
    with pytest.raises(ValueError, match="invalid literal"):
        await call(worker, int, "no number")
    assert await call(worker, int, "5") == 5


async def test_a_worker_that_has_reached_a_limit_is_not_used_again_unless_only_its_result_was_large(
    server: ForkServer,
) -> None:
    limits = ComputeLimits(memory_bytes=64 * MEBIBYTE, result_bytes=1000)
    worker = await server.fork()
    with pytest.raises(ComputeLimitReached) as large:
        await call(worker, work.repeat, "x", 2000, limits=limits)
    assert (large.value.limit, worker.is_busy) == (ComputeLimit.SIZE, False)
    with pytest.raises(ComputeLimitReached) as hungry:
        await call(worker, work.eat, 65, limits=limits)
    assert (hungry.value.limit, worker.is_busy) == (ComputeLimit.MEMORY, True)


async def test_a_killed_worker_is_gone_and_killing_it_twice_does_no_harm(server: ForkServer) -> None:
    worker = await server.fork()
    pid = worker.pid
    worker.kill()
    worker.kill()
    assert worker.is_busy
    assert not worker.is_alive()
    await wait_until(lambda: has_ended(pid))


async def test_a_worker_that_dies_while_it_is_idle_is_noticed(server: ForkServer) -> None:
    worker = await server.fork()
    os.kill(worker.pid, signal.SIGKILL)
    await wait_until(lambda: asyncio.sleep(0, not worker.is_alive()))


async def test_of_a_fork_that_was_cancelled_no_process_is_left(server: ForkServer) -> None:
    children = Path(f"/proc/{server._process.pid}/task/{server._process.pid}/children")

    async def is_childless() -> bool:
        return children.read_text() == ""

    forking = [asyncio.create_task(server.fork()) for _ in range(5)]
    await asyncio.sleep(0)
    for task in forking:
        task.cancel()
    assert all(
        isinstance(each, asyncio.CancelledError) for each in await asyncio.gather(*forking, return_exceptions=True)
    )
    await wait_until(is_childless)
    assert await call(await server.fork(), int, "5") == 5


async def test_a_fork_server_that_has_died_forks_no_more(server: ForkServer) -> None:
    server._process.kill()
    with pytest.raises(ComputeProcessEnded, match="could not be started"):
        await server.fork()


async def test_modules_that_cannot_be_loaded_are_no_start() -> None:
    with pytest.raises(ComputeProcessEnded, match="did not start"):
        await ForkServer.start(("tocsin.no_such_module",))
