"""Processes for computing: what is ready, what dies, and whose time passes when."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness import FILE_MAIL, SECRETS, UNUSED, until
from tocsin.clock import EPOCH
from tocsin.jobs import computing
from tocsin.jobs.base import ErrorKind, Job, JobContext, Outcome, ParamsModel
from tocsin.jobs.computing import Processes
from tocsin.jobs.polygon_area import PolygonAreaJob

SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}


class SleepParams(ParamsModel):
    seconds: float


class SleepJob(Job[SleepParams]):
    """Keeps a process busy."""

    kind = "sleep"
    Params = SleepParams

    async def perform(self, params: SleepParams, context: JobContext) -> Outcome:
        return Outcome(result=await context.compute(sleep, params.seconds))


def sleep(seconds: float) -> int:
    """Returns the process it slept in."""
    time.sleep(seconds)
    return os.getpid()


def context(processes: Processes, timeout: float) -> JobContext:
    return JobContext(
        "alice/t:1", "alice", EPOCH, 1, timeout, SECRETS, UNUSED, processes, FILE_MAIL, UNUSED, UNUSED
    )  # fmt: skip


def sleeping(processes: Processes, seconds: float, timeout: float) -> "asyncio.Task[Outcome]":
    return asyncio.create_task(SleepJob().attempt({"seconds": seconds}, context(processes, timeout)))


@pytest.fixture
async def processes() -> AsyncIterator[Processes]:
    """One process at the most, none yet."""
    made = Processes(1)
    yield made
    await made.close()


async def test_the_time_of_a_job_begins_when_its_work_does(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not while a process starts and loads what it needs, nor while another job has the only one."""
    start = computing._Process.start

    async def start_slowly() -> Any:
        await asyncio.sleep(0.9)
        return await start()

    monkeypatch.setattr(computing._Process, "start", start_slowly)
    job = PolygonAreaJob()
    waits_for_imports = job.attempt({"geojson": SQUARE}, context(processes, 0.9))
    waits_for_the_other = sleeping(processes, 0.01, timeout=0.9)
    first, second = await asyncio.gather(waits_for_imports, waits_for_the_other)
    assert (first.error, second.error) == (None, None)
    long = sleeping(processes, 1.0, timeout=9)
    third = await asyncio.gather(long, sleeping(processes, 0.01, timeout=0.9))
    assert [outcome.error for outcome in third] == [None, None]


async def test_a_process_that_is_stopped_or_dies_is_replaced(processes: Processes) -> None:
    first = (await sleeping(processes, 0, timeout=9)).result
    assert (await sleeping(processes, 0, timeout=9)).result == first
    late = await sleeping(processes, 60, timeout=0.2)
    assert late.error is not None
    assert (late.error.kind, late.error.retryable) == (ErrorKind.TIMEOUT, True)
    await until(lambda: has_ended(first))
    assert processes._spare is not None  # the next one is being made ready
    second = (await sleeping(processes, 0, timeout=9)).result
    assert second != first

    working = sleeping(processes, 60, timeout=90)
    await until(lambda: is_busy(processes))
    os.kill(second, signal.SIGKILL)
    died = await working
    assert died.error is not None
    assert (died.error.message, died.error.retryable) == (
        "The process that did the work ended before the work was done.",
        True,
    )

    third = (await sleeping(processes, 0, timeout=9)).result
    os.kill(third, signal.SIGKILL)  # while it is idle: nobody notices
    assert (await sleeping(processes, 0, timeout=9)).error is None


_SERVER = """
import asyncio, os, signal
from tests.jobs.test_computing import sleep
from tocsin.jobs.computing import Processes

async def main():
    print(await Processes()(sleep, 0), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    asyncio.run(main())
"""


async def test_no_process_outlives_the_server(tmp_path: Path) -> None:
    file, root = tmp_path / "server.py", Path(__file__).parents[2]
    file.write_text(_SERVER)
    command, environment = [sys.executable, str(file)], {**os.environ, "PYTHONPATH": str(root)}
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    await until(lambda: has_ended(int(done.stdout)))


async def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


async def is_busy(processes: Processes) -> bool:
    return processes._slots.locked() and not processes._idle
