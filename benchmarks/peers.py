"""The peers, which get the same load on the same machine within the same minutes. None of them records its runs."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime

import aiohttp
from apscheduler.jobstores.mongodb import MongoDBJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from pymongo import MongoClient

from benchmarks.load import Result, first_due, until_due
from benchmarks.process import CpuClock, database, freeze

CONCURRENCY = 100


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
