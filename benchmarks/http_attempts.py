"""HTTP attempts: the processor time of one, beside a bare aiohttp session in the same run."""

import argparse
import asyncio
import gc
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from ipaddress import ip_network
from types import SimpleNamespace
from typing import Any

import aiohttp
import uvloop

from benchmarks import target
from tocsin.jobs.base import JobContext
from tocsin.jobs.http.job import HttpJob
from tocsin.outbound.exchanges import HttpRequest
from tocsin.outbound.http_client import HttpClient
from tocsin.outbound.urls import parse_target_key

OWNERS = 10
_UNUSED: Any = SimpleNamespace(unseal=None)
Call = Callable[[str], Awaitable[Any]]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.http_attempts", description=__doc__)
    parser.add_argument("--count", type=int, default=4_000, help="requests of each kind in a round")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--concurrency", type=int, default=64)
    options = parser.parse_args()
    with target.running() as url:
        found = uvloop.run(_measure(url, options.count, options.rounds, options.concurrency))
    for name, times in found.items():
        print(f"{name}: {min(times):.0f} µs at least, {statistics.median(times):.0f} in the median")


async def _measure(url: str, count: int, rounds: int, concurrency: int) -> dict[str, list[float]]:
    client = HttpClient(
        allowed_networks=[ip_network("127.0.0.0/8")],
        denied_ports=(),
        connect_timeout=10.0,
        response_limit=65_536,
        max_redirects=5,
        max_idle=2 * concurrency,
    )
    await client.open()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        calls = _calls(url, session, client)
        found: dict[str, list[float]] = {name: [] for name in calls}
        gc.disable()
        for number in range(rounds + 1):
            for name, call in calls.items():  # in turns, so that whatever else the machine does slows down all of them
                spent = await _time_calls(call, count, concurrency)
                found[name] += [spent] if number else []  # the first round opens the connections
                gc.collect()
    await client.close()
    return found


def _calls(url: str, session: aiohttp.ClientSession, client: HttpClient) -> dict[str, Call]:
    host, job, due_at = parse_target_key(url), HttpJob(), datetime.now(UTC)
    headers = [("Idempotency-Key", "1"), ("X-Tocsin-Due-At", due_at.isoformat()), ("X-Tocsin-Attempt", "1")]

    async def bare(_: str) -> None:
        async with session.get(url) as response:
            assert await response.read() == b"ok"

    async def request(owner: str) -> None:
        exchange = await client.for_owner(owner, host).request(HttpRequest("GET", url, 30.0, headers))
        assert exchange.body == "ok", exchange

    async def attempt(owner: str) -> None:
        outcome = await job.run_attempt({"url": url}, _make_context(client, owner, host, due_at))
        assert outcome.error is None, outcome

    return {"aiohttp": bare, "HttpClient.request": request, "HttpJob.run_attempt": attempt}


def _make_context(client: HttpClient, owner: str, host: str | None, due_at: datetime) -> JobContext:
    """Return a context without the services that an http job without secrets does not call."""
    http = client.for_owner(owner, host)
    return JobContext("1", owner, due_at, 1, 30.0, _UNUSED, http, _UNUSED, _UNUSED, _UNUSED, _UNUSED)


async def _time_calls(call: Call, count: int, concurrency: int) -> float:
    """Return the microseconds of processor time that each of `count` calls took."""
    numbers = iter(range(count))

    async def work(place: int) -> None:
        for _ in numbers:
            await call(f"owner {place % OWNERS}")

    begun = time.process_time()
    await asyncio.gather(*(work(place) for place in range(concurrency)))
    return (time.process_time() - begun) / count * 1e6


if __name__ == "__main__":
    main()
