"""The peers, which get the same load on the same machine within the same minutes.

APScheduler and the bare client record nothing; BullMQ keeps its completed jobs in Redis, in memory.
"""

import asyncio
import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path

import aiohttp
from apscheduler.jobstores.mongodb import MongoDBJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from pymongo import MongoClient

from benchmarks.load import Result, first_due, until_due
from benchmarks.process import CpuClock, database, freeze

CONCURRENCY = 100
_BULLMQ = Path(__file__).parent / "bullmq"
_REDIS = _BULLMQ / "redis" / "usr"
"""Where scripts/install-bench-peers unpacks redis-server."""


@dataclass
class _Calls:
    """The state that jobs share. APScheduler stores a job as the name of a function, so it is global."""

    url: str
    session: aiohttp.ClientSession
    late: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)

    async def call(self, due: float) -> None:
        """Send one GET and read the whole response."""
        self.late.append((time.time() - due) * 1000)
        async with self.session.get(self.url) as response:
            await response.read()
            response.raise_for_status()
        self.ended.append(time.time())


_calls: _Calls


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONCURRENCY))


async def call_target(due: float) -> None:
    """Call the target: the job of stock APScheduler."""
    await _calls.call(due)


async def run_apscheduler(url: str, offsets: list[float]) -> Result:
    """Run stock APScheduler with its MongoDB store over a new embedded database.

    `offsets` are the due times, in seconds after the first.
    """
    global _calls
    async with database() as server, _session() as session:
        _calls = _Calls(url, session)
        client: MongoClient[dict[str, object]] = MongoClient(server.uri)
        scheduler = AsyncIOScheduler(jobstores={"default": MongoDBJobStore(client=client)}, timezone="UTC")
        scheduler.start(paused=True)
        first = first_due(len(offsets))
        for offset in offsets:
            _add(scheduler, first.timestamp() + offset)
        scheduler.resume()
        freeze()
        await until_due(first)
        assert server.pid is not None
        cpu = CpuClock(server.pid)
        await _until_all_ended(len(offsets), first.timestamp() + offsets[-1] + 120)
        result = _result(_calls, first.timestamp(), *cpu.read())
        scheduler.shutdown()
        client.close()
    return result


def _add(scheduler: AsyncIOScheduler, due: float) -> None:
    # Its default grace of one second would drop most of the burst as missed.
    run_date = datetime.fromtimestamp(due, tz=scheduler.timezone)
    scheduler.add_job(call_target, "date", run_date=run_date, args=[due], misfire_grace_time=None)


async def _until_all_ended(count: int, deadline: float) -> None:
    while len(_calls.ended) < count:
        if time.time() > deadline:
            raise RuntimeError(f"only {len(_calls.ended)} of {count} jobs were run")
        await asyncio.sleep(0.01)


async def run_bare_client(url: str, count: int) -> Result:
    """Call the target as fast as possible, without a schedule, records or a database."""
    async with _session() as session:
        calls = _Calls(url, session)
        freeze()
        cpu, begun = time.process_time(), time.time()
        numbers = iter(range(count))

        async def client() -> None:
            for _ in numbers:
                await calls.call(begun)

        await asyncio.gather(*(client() for _ in range(CONCURRENCY)))
        return _result(calls, begun, time.process_time() - cpu, 0.0)


def _result(calls: _Calls, begun: float, app_cpu: float, database_cpu: float) -> Result:
    took = max(calls.ended) - begun
    return Result(len(calls.ended), took, took, calls.late, app_cpu, database_cpu)


@cache
def missing_bullmq() -> str | None:
    """Return why BullMQ is left out; None if it can be measured."""
    if shutil.which("node") is None:
        return "there is no node on the PATH"
    if not (_BULLMQ / "node_modules" / ".tocsin").exists():
        return "its packages are not installed: run scripts/install-bench-peers"
    if _find_redis() is None:
        return "there is no redis-server: run scripts/install-bench-peers"
    return None


def run_bullmq(url: str, offsets: list[float]) -> Result | None:
    """Run BullMQ, one worker over a new Redis, both with their defaults; None if it is not installed.

    `offsets` are the due times, in seconds after the first. Redis keeps all jobs. The CPU times are of Node and Redis.
    """
    if (reason := missing_bullmq()) is not None:
        print(f"BullMQ is left out: {reason}", flush=True)
        return None
    lead = 3 + len(offsets) / 2000
    with _redis() as port:
        load = {"port": port, "url": url, "offsets": offsets, "lead": lead, "concurrency": CONCURRENCY}
        command = ["node", str(_BULLMQ / "burst.mjs"), json.dumps(load)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=lead + offsets[-1] + 120, check=False)
    if done.returncode:
        raise RuntimeError(f"BullMQ failed: {done.stderr[-2000:]}")
    figures = json.loads(done.stdout)
    if figures["kept"] != len(offsets):
        raise RuntimeError(f"BullMQ completed {figures['kept']} of {len(offsets)} jobs")
    names = ("took", "recorded", "late", "cpu", "redis")
    return Result(len(offsets), *(figures[name] for name in names))


def _find_redis() -> str | None:
    return shutil.which("redis-server") or shutil.which("redis-server", path=_REDIS / "bin")


@contextlib.contextmanager
def _redis() -> Iterator[int]:
    """Run redis-server with its defaults in a new directory, and yield its port."""
    program, libraries = _find_redis(), [str(path) for path in _REDIS.glob("lib/*-linux-gnu*")]
    assert program is not None
    environment = os.environ | ({"LD_LIBRARY_PATH": ":".join(libraries)} if str(_REDIS) in program else {})
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as directory:
        port = _free_port()
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", directory]
        server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        try:
            _wait_for_port(port)
            yield port
        finally:
            server.kill()  # its last dump would only be thrown away
            server.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _wait_for_port(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        if time.monotonic() > deadline:
            raise RuntimeError("redis-server does not accept connections")
        time.sleep(0.02)
