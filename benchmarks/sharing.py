"""Sharing (j): one, two and three processes over one database, which call slow targets."""

import argparse
import asyncio
import contextlib
import math
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from benchmarks import target
from benchmarks.load import first_due, save_tasks
from benchmarks.process import database, in_fresh_process
from benchmarks.table import Row, text
from tocsin import clock, telemetry
from tocsin.config import Settings
from tocsin.documents import RunStatus, connect
from tocsin.runtime import Runtime
from tocsin.web.server import get_loop_factory, tune_interpreter

PROCESSES = (1, 2, 3)
RUNS, PLACES = 200, 20
HOST_RUNS, HOST_LIMIT = 24, 6
_DATABASE = "tocsin"
_SPEED_UPS = {2: 1.8, 3: 2.6}


def _settings(uri: str, directory: str, changes: dict[str, Any]) -> Settings:
    unlimited = {"owner_host_rate": 0, "quota_tasks": 0, "quota_runs_per_minute": 0}
    return Settings(
        _env_file=None, data_dir=Path(directory), mongodb_uri=SecretStr(uri), mongodb_database=_DATABASE,
        allowed_networks=(ip_network("127.0.0.0/8"),), max_retries=0, jwt_secret=SecretStr("b" * 64),
        encryption_key=SecretStr("YmVuY2htYXJrYmVuY2htYXJrYmVuY2htYXJrYmVuY2g="), **{**unlimited, **changes},
    )  # fmt: skip


def _work(uri: str, changes: dict[str, Any], parent: Connection) -> None:
    telemetry.configure_logging("ERROR", "console")
    tune_interpreter()
    with asyncio.Runner(loop_factory=get_loop_factory()) as runner:
        runner.run(_work_until_asked(uri, changes, parent))


async def _work_until_asked(uri: str, changes: dict[str, Any], parent: Connection) -> None:
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as directory:
        runtime = Runtime(_settings(uri, directory, changes))
        await runtime.start()
        try:
            parent.send("ready")
            await asyncio.to_thread(parent.recv)
        finally:
            await runtime.stop()


@contextlib.contextmanager
def _working(uri: str, processes: int, changes: dict[str, Any]) -> Iterator[None]:
    """Run this many processes over one database."""
    context = get_context("spawn")
    pipes, started = [], []
    for _ in range(processes):
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(uri, changes, theirs), daemon=True)
        process.start()
        if ours.recv() != "ready":
            raise RuntimeError("a process did not start")
        pipes.append(ours)
        started.append(process)
    try:
        yield
    finally:
        for ours in pipes:
            ours.send("stop")
        for process in started:
            process.join(20)


async def measure_processes(url: str, processes: int, runs: int, changes: dict[str, Any]) -> float:
    """Return the seconds from the due time of these runs until the last one has ended."""
    async with database() as server:
        opened = await connect(server.uri, _DATABASE)
        with _working(server.uri, processes, changes):
            await asyncio.sleep(2)  # all processes know each other
            due = first_due(runs) + timedelta(seconds=1)
            await save_tasks(opened, url, [due] * runs)
            done = {"status": RunStatus.COMPLETED}
            async with asyncio.timeout(120):
                while await opened.runs.count_documents(done) < runs:
                    await asyncio.sleep(0.1)
            ended = [run["finished_at"] async for run in opened.runs.find(done)]
        await opened.close()
        if clock.now() < due or len(ended) != runs:
            raise RuntimeError(f"{len(ended)} of {runs} runs ended once")
        return (max(filter(None, ended)) - due).total_seconds()


def measure(processes: tuple[int, ...] = PROCESSES) -> list[Row]:
    """Measure each number of processes, first limited by their places, then by the limit of one host."""
    rows = []
    places: dict[str, Any] = {"max_concurrency": PLACES, "host_concurrency": 1_000}
    host: dict[str, Any] = {"host_concurrency": HOST_LIMIT}
    loads = (
        (f"{RUNS} runs of 1 s, {PLACES} places each", RUNS, RUNS / PLACES, places),
        (f"{HOST_RUNS} runs of 1 s to a host with a limit of {HOST_LIMIT}", HOST_RUNS, 0, host),
    )
    with target.running(delay=1.0) as url:
        for name, runs, ideal, changes in loads:
            first = math.nan
            for count in processes:
                took = in_fresh_process(measure_processes, url, count, runs, changes)
                goal = f"ideally {ideal / count:.1f}" if ideal else "<= 5"
                rows.append(Row(f"(j) {name}, {count} processes: s", took, goal))
                print(text(rows[-1:]), flush=True)
                first = took if count == 1 else first
                if ideal and count > 1:
                    rows.append(Row("    times as fast as one", first / took, f">= {_SPEED_UPS.get(count, count)}"))
    return rows


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sharing", description=__doc__)
    parser.add_argument("--processes", type=int, nargs="+", default=list(PROCESSES))
    print(text(measure(tuple(parser.parse_args().processes))))


if __name__ == "__main__":
    main()
