"""The measured process: the parts and the tuning of `tocsin serve`, over a new data directory."""

import asyncio
import contextlib
import gc
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from ipaddress import ip_network
from multiprocessing import get_context
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from tocsin import telemetry
from tocsin.config import Settings
from tocsin.documents import RunStatus
from tocsin.embedded import EmbeddedDatabase
from tocsin.embedded.data_directory import DataPaths, read_port_file
from tocsin.events import STREAM_KINDS, Change, ChangeKind, ChangeSubscription
from tocsin.runtime import Runtime
from tocsin.web.server import get_loop_factory, tune_interpreter

OWNERS = 10
SUBSCRIBERS = 100
P = ParamSpec("P")
T = TypeVar("T")


def owner(number: int) -> str:
    """Return the owner of the task with this number."""
    return f"owner{number % OWNERS}"


def in_fresh_process(work: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run the coroutine in a new process, so that no measurement inherits the memory or CPU time of another."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_run, work, args, kwargs).result()


def _run(work: Callable[..., Coroutine[Any, Any, T]], args: Any, kwargs: Any) -> T:
    telemetry.configure_logging("WARNING", "console")
    tune_interpreter()
    with asyncio.Runner(loop_factory=get_loop_factory()) as runner:
        return runner.run(work(*args, **kwargs))


@dataclass
class CpuClock:
    """Counts the CPU seconds of this process and of the database, from its creation on."""

    database_pid: int
    _own: float = field(init=False)
    _database: float = field(init=False)

    def __post_init__(self) -> None:
        self._own, self._database = time.process_time(), cpu_of(self.database_pid)

    def read(self) -> tuple[float, float]:
        """Return the seconds of (this process, the database)."""
        return time.process_time() - self._own, cpu_of(self.database_pid) - self._database


def cpu_of(pid: int) -> float:
    """Return the user and system seconds of a process from /proc; NaN on systems other than Linux."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass
class Process:
    """A running Tocsin without its HTTP server."""

    runtime: Runtime
    database_pid: int


@contextlib.contextmanager
def _data_directory(existing: Path | None) -> Iterator[Path]:
    if existing is not None:
        yield existing
        return
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as directory:
        yield Path(directory)


@contextlib.asynccontextmanager
async def tocsin(directory: Path | None = None, **changes: Any) -> AsyncIterator[Process]:
    """Start Tocsin over its own embedded database, regardless of the environment. `changes` are settings.

    By default, the data directory is new.
    """
    with _data_directory(directory) as data_dir:
        allowed = (ip_network("127.0.0.0/8"),)
        # A failing run ends the benchmark at once, and an owner calls a host without limits. Usage is counted all the
        # same, at the same cost.
        unlimited = {"owner_host_rate": 0, "quota_tasks": 0, "quota_runs_per_minute": 0}
        defaults: dict[str, Any] = {"max_concurrency": 100, "max_retries": 0, **unlimited}
        settings = Settings(
            _env_file=None,
            data_dir=data_dir,
            mongodb_uri=None,
            allowed_networks=allowed,
            **{**defaults, **changes},
        )
        runtime = Runtime(settings)
        await runtime.start()
        try:
            freeze()
            running = read_port_file(DataPaths(settings.data_dir.absolute()))
            assert running is not None
            yield Process(runtime, running.pid)
        finally:
            await runtime.stop()


@contextlib.asynccontextmanager
async def database(directory: Path | None = None) -> AsyncIterator[EmbeddedDatabase]:
    """Start the embedded database alone, for peers and single parts. By default, the data directory is new."""
    with _data_directory(directory) as data_dir:
        server = EmbeddedDatabase(data_dir)
        await server.start()
        try:
            yield server
        finally:
            await server.stop()


def freeze() -> None:
    """Exclude the objects made so far from garbage collection, as the server does once it has started."""
    gc.collect()
    gc.freeze()


@dataclass
class Listeners:
    """The changes that all subscribers received, and the times at which each completed run was seen."""

    created: int = 0
    completed: int = 0
    resyncs: int = 0
    seen_at: dict[str, list[float]] = field(default_factory=dict)

    def record(self, change: Change, *, keep_times: bool) -> None:
        """Count a change that a subscriber received."""
        if change.kind is ChangeKind.TASK_CREATED:
            self.created += 1
        elif change.kind in STREAM_KINDS:
            self.resyncs += 1
        elif change.run_status is RunStatus.COMPLETED and change.run_id is not None:
            self.completed += 1
            if keep_times:
                self.seen_at.setdefault(change.run_id, []).append(time.time())


@contextlib.asynccontextmanager
async def listening(process: Process, *, keep_times: bool = False) -> AsyncIterator[Listeners]:
    """Open subscriptions of all owners, each of which reads its changes."""
    listeners = Listeners()
    subscriptions = [process.runtime.process.fanout.subscribe(owner(number)) for number in range(SUBSCRIBERS)]
    tasks = [asyncio.create_task(_listen(one, listeners, keep_times)) for one in subscriptions]
    try:
        async with asyncio.timeout(10):
            while listeners.resyncs < SUBSCRIBERS:  # each starts with a SNAPSHOT
                await asyncio.sleep(0.01)
        listeners.resyncs = 0
        yield listeners
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _listen(subscription: ChangeSubscription, listeners: Listeners, keep_times: bool) -> None:
    async with subscription:
        async for change in subscription:
            listeners.record(change, keep_times=keep_times)
