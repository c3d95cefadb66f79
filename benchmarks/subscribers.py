"""Subscribers (m): runs each second while the subscribers of their owners listen, or come and go, over WebSockets."""

import argparse
import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from benchmarks import target
from benchmarks.crowd import EVENTS, run_crowd
from benchmarks.process import CpuClock, in_fresh_process
from benchmarks.server import Server, serving
from benchmarks.table import Row, percentile, text
from tocsin import clock
from tocsin.documents import RunStatus
from tocsin.documents import connect as open_database

STAY_SECONDS = 10.0
"""The time after which a subscriber disconnects and another one connects."""
LATENCY_RATE, LATENCY_OWNERS = 10, 100
MANY = 50
"""From so many on, what they take of the memory is more than what it changes by itself."""
WATCHED_OWNERS = 25
"""Owners of whom one steady subscriber checks what it is sent."""
_SETTINGS = {
    "QUOTA_TASKS": "0",
    "QUOTA_RUNS_PER_MINUTE": "0",
    "MAX_SUBSCRIPTIONS": "1000",
    "CONNECTIONS_PER_ADDRESS": "4000",
    "ATTEMPTS_PER_ADDRESS": "1000000",
}
_SIGN_UP = (
    'mutation { signUp(input: {email: "bench%d@example.com", password: "correct horse battery"}) '
    "{ session { accessToken } userErrors { message } } }"
)
_CREATE = "mutation($i: CreateTaskInput!) { createTask(input: $i) { task { id } userErrors { message } } }"


@dataclass(frozen=True, slots=True)
class Load:
    """Runs a second of so many owners, and their subscribers, which stay for so many seconds; 0 for ever."""

    rate: int
    subscribers: int
    owners: int = 1
    stay: float = STAY_SECONDS


@dataclass(frozen=True, slots=True)
class Phase:
    """The lateness of runs and the delay of events at steady subscribers (milliseconds), and runs a second.

    `cpu` is the processor time of the server for a run in milliseconds, `memory` its resident bytes at the end.
    """

    late: list[float]
    delays: list[float]
    rate: float
    snapshots: int
    cpu: float
    memory: int


@dataclass
class _Seen:
    ended: dict[str, float] = field(default_factory=dict)
    snapshots: int = 0


async def _query(server: Server, document: str, variables: dict[str, Any], token: str | None = None) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(base_url=f"http://{server.host}:{server.port}", headers=headers) as client:
        response = await client.post("/graphql", json={"query": document, "variables": variables}, timeout=30)
        body = response.json()
        if body.get("errors"):
            raise RuntimeError(str(body["errors"])[:500])
        return body["data"]


@contextlib.asynccontextmanager
async def _subscription(server: Server, token: str) -> AsyncIterator[ClientConnection]:
    url = f"ws://{server.host}:{server.port}/graphql"
    async with connect(url, subprotocols=["graphql-transport-ws"], max_size=None) as socket:  # type: ignore[list-item]
        payload = {"Authorization": f"Bearer {token}"}
        await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        await socket.recv()
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": EVENTS}}))
        yield socket


async def _watch(server: Server, token: str, seen: _Seen) -> None:
    """Record when a steady subscriber is told that each run has completed."""
    async with _subscription(server, token) as socket:
        async for text_ in socket:
            message = json.loads(text_)
            if message["type"] in {"error", "complete"}:
                raise RuntimeError(f"A steady subscriber was refused: {text_[:500]!r}")
            event = message.get("payload", {}).get("data", {}).get("taskEvents") or {}
            seen.snapshots += event.get("kind") in ("SNAPSHOT", "RESYNC")
            if event.get("runStatus") == RunStatus.COMPLETED:
                seen.ended.setdefault(event["run"]["id"], time.time() - _epoch(event["run"]["finishedAt"]))
        raise RuntimeError(f"A steady subscriber was disconnected: {socket.close_code} {socket.close_reason}")


def _epoch(text_: str) -> float:
    return datetime.fromisoformat(text_).timestamp()


async def _measure(server: Server, tokens: list[str], seconds: float) -> Phase:
    seen = _Seen()
    watching = [asyncio.create_task(_watch(server, token, seen)) for token in tokens[:WATCHED_OWNERS]]
    await asyncio.sleep(2)
    begun, cpu = clock.now(), CpuClock(server.pid)
    seen.ended.clear()
    seen.snapshots = 0
    await asyncio.sleep(seconds)
    ended, used, memory = clock.now(), cpu.read()[1], _memory(server.pid)
    delays = [delay * 1000 for delay in seen.ended.values()]
    await _stop(watching)
    database = await open_database(server.database_uri, "tocsin")
    await asyncio.sleep(5)
    period = {"due_at": {"$gte": begun, "$lt": ended}}
    runs = [run async for run in database.runs.find(period) if run["attempts"]]
    await database.close()
    late = [(run["attempts"][0]["started_at"] - run["due_at"]) / timedelta(milliseconds=1) for run in runs]
    done = sum(run["status"] == RunStatus.COMPLETED for run in runs)
    return Phase(late, delays, done / seconds, seen.snapshots, used / max(done, 1) * 1000, memory)


async def _stop(watching: list[asyncio.Task[None]]) -> None:
    """Cancel the watchers; one that ended before has missed events and fails the measurement."""
    for task in watching:
        if task.done():
            task.result()
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)


def _memory(pid: int) -> int:
    """Return the resident bytes of a process from /proc; 0 on systems other than Linux."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


async def _prepare(server: Server, url: str, load: Load) -> list[str]:
    """Sign up the owners, and create tasks that are due each second. Returns the tokens."""
    tokens = []
    for number in range(load.owners):
        session = (await _query(server, _SIGN_UP % number, {}))["signUp"]
        tokens.append(str(session["session"]["accessToken"]))
    for number in range(load.rate):
        schedule = {"every": {"interval": "PT1S", "start": f"2026-01-01T00:00:00.{number * 1000 // load.rate:03}Z"}}
        task = {"name": f"every second {number}", "job": {"http": {"url": url}}, "schedule": schedule}
        created = (await _query(server, _CREATE, {"i": task}, tokens[number % load.owners]))["createTask"]
        if created["userErrors"]:
            raise RuntimeError(str(created["userErrors"]))
    return tokens


def _phase(server: Server, tokens: list[str], load: Load, seconds: float) -> tuple[Phase, float]:
    """Return what was measured, and the seconds that each subscriber took to subscribe, several at a time."""
    if not load.subscribers:
        return in_fresh_process(_measure, server, tokens, seconds), 0.0
    ours, theirs = get_context("spawn").Pipe()
    crowd = get_context("spawn").Process(
        target=run_crowd, args=(server, tokens, load.subscribers, load.stay, theirs), daemon=True
    )
    crowd.start()
    try:
        opened_in: float = ours.recv()
        return in_fresh_process(_measure, server, tokens, seconds), opened_in
    finally:
        crowd.terminate()
        crowd.join()


def _percentile(values: list[float]) -> float:
    return percentile(values, 0.99) if values else float("nan")


def measure_load(load: Load, seconds: float, goals: tuple[str, str]) -> list[Row]:
    """Measure without the crowd, then with it. `goals` are those of the lateness and the delay."""
    with target.running() as url, serving(_SETTINGS) as server:
        tokens = asyncio.run(_prepare(server, url, load))
        alone, _ = _phase(server, tokens, replace(load, subscribers=0), seconds)
        crowded, opened_in = _phase(server, tokens, load, seconds)
    rows = []
    for count, phase in ((0, alone), (load.subscribers, crowded)):
        rows += [
            Row(f"(m) {load.rate}/s of {load.owners} owners, {count} subscribers: runs/s", phase.rate, f"{load.rate}"),
            Row("    lateness p99, ms", _percentile(phase.late), goals[0]),
            Row("    event at a steady subscriber, p99, ms", _percentile(phase.delays), goals[1]),
            Row("    SNAPSHOTs it was sent", phase.snapshots, "0"),
            Row("    CPU of the server for a run, ms", phase.cpu),
        ]
    memory = (crowded.memory - alone.memory) / load.subscribers / 1024
    return [
        *rows,
        Row("    memory of a subscriber, KiB", memory),
        Row("    time to subscribe, ms", opened_in * 1000),
    ]


LOADS = (
    (Load(50, 50), ("< 100", "< 250")),
    (Load(200, 200), ("< 100", "")),
    (Load(50, 1000, owners=100, stay=0), ("< 100", "< 100")),
)


def measure_latency(counts: Sequence[int], seconds: float) -> list[Row]:
    """Measure the delay of events with so many subscribers of up to 100 owners, who have ten runs a second in all."""
    rows = []
    for count in counts:
        load = Load(LATENCY_RATE, count, owners=min(count, LATENCY_OWNERS), stay=0)
        with target.running() as url, serving(_SETTINGS) as server:
            tokens = asyncio.run(_prepare(server, url, load))
            alone, _ = _phase(server, tokens, replace(load, subscribers=0), seconds)
            crowded, _ = _phase(server, tokens, load, seconds)
        memory = (crowded.memory - alone.memory) / count / 1024
        rows += [
            Row(f"(m) {load.rate}/s, {count:,} subscribers: event after, p50, ms", percentile(crowded.delays, 0.5)),
            Row("    p99, ms", percentile(crowded.delays, 0.99), "< 100"),
            *([Row("    memory of a subscriber, KiB", memory)] if count >= MANY else []),
        ]
        print(text(rows[-3:]), flush=True)
    return rows


def measure(seconds: float = 30.0) -> list[Row]:
    """Measure some subscribers of one busy owner, many of one busier owner, and very many of many owners."""
    return [row for load, goals in LOADS for row in measure_load(load, seconds, goals)]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.subscribers", description=__doc__)
    parser.add_argument("--rate", type=int, help="measure only this load: runs a second")
    parser.add_argument("--subscribers", type=int, default=50)
    parser.add_argument("--owners", type=int, default=1)
    parser.add_argument("--stay", type=float, default=STAY_SECONDS, help="seconds; 0 for ever")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--counts", type=int, nargs="+", help="measure only the delay of events with these subscribers")
    options = parser.parse_args()
    if options.counts:
        rows = measure_latency(options.counts, options.seconds)
    elif options.rate is None:
        rows = measure(options.seconds)
    else:
        load = Load(options.rate, options.subscribers, options.owners, options.stay)
        rows = measure_load(load, options.seconds, ("< 100", "< 250"))
    print(text(rows))


if __name__ == "__main__":
    main()
