"""Subscribers (m): runs each second while subscribers of the same owner come and go over WebSockets."""

import argparse
import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from benchmarks import target
from benchmarks.process import in_fresh_process
from benchmarks.server import Server, serving
from benchmarks.table import Row, percentile, text
from tocsin import clock
from tocsin.documents import RunStatus
from tocsin.documents import connect as open_database

STAY_SECONDS = 10.0
"""The time after which a subscriber disconnects and another one connects."""
_SIGN_UP = (
    'mutation { signUp(input: {email: "bench@example.com", password: "correct horse battery"}) '
    "{ session { accessToken } userErrors { message } } }"
)
_CREATE = "mutation($i: CreateTaskInput!) { createTask(input: $i) { task { id } userErrors { message } } }"
_EVENTS = (
    "subscription { taskEvents { kind at taskStatus runStatus task { id name status nextRunAt }"
    " run { id status dueAt startedAt finishedAt attempts { number outcome } } } }"
)


@dataclass(frozen=True, slots=True)
class Phase:
    """The lateness of runs, the delay of events at a steady subscriber (milliseconds), and runs a second."""

    late: list[float]
    delays: list[float]
    rate: float
    snapshots: int


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
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": _EVENTS}}))
        yield socket


async def _come_and_go(server: Server, token: str, offset: float) -> None:
    """Subscribe again and again, reading everything."""
    stay = STAY_SECONDS / 2 + offset
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(stay), _subscription(server, token) as socket:
                async for _ in socket:
                    pass
        stay = STAY_SECONDS


def _crowd(server: Server, token: str, count: int, parent: Connection) -> None:
    os.nice(10)  # real subscribers are elsewhere
    asyncio.run(_crowd_until_killed(server, token, count, parent))


async def _crowd_until_killed(server: Server, token: str, count: int, parent: Connection) -> None:
    offsets = [number * STAY_SECONDS / count / 2 for number in range(count)]
    tasks = [asyncio.create_task(_come_and_go(server, token, offset)) for offset in offsets]
    parent.send("subscribing")
    await asyncio.gather(*tasks)


async def _watch(server: Server, token: str, seen: _Seen) -> None:
    """Record when a steady subscriber is told that each run has completed."""
    async with _subscription(server, token) as socket:
        async for text_ in socket:
            event = json.loads(text_).get("payload", {}).get("data", {}).get("taskEvents") or {}
            seen.snapshots += event.get("kind") == "SNAPSHOT"
            if event.get("runStatus") == RunStatus.COMPLETED:
                seen.ended.setdefault(event["run"]["id"], time.time() - _epoch(event["run"]["finishedAt"]))


def _epoch(text_: str) -> float:
    return datetime.fromisoformat(text_).timestamp()


async def _measure(server: Server, token: str, seconds: float) -> Phase:
    seen = _Seen()
    watching = asyncio.create_task(_watch(server, token, seen))
    await asyncio.sleep(2)
    begun = clock.now()
    seen.ended.clear()
    seen.snapshots = 0
    await asyncio.sleep(seconds)
    ended = clock.now()
    delays = [delay * 1000 for delay in seen.ended.values()]
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    database = await open_database(server.database_uri, "tocsin")
    await asyncio.sleep(5)
    period = {"due_at": {"$gte": begun, "$lt": ended}}
    runs = [run async for run in database.runs.find(period) if run["attempts"]]
    await database.close()
    late = [(run["attempts"][0]["started_at"] - run["due_at"]) / timedelta(milliseconds=1) for run in runs]
    done = sum(run["status"] == RunStatus.COMPLETED for run in runs)
    return Phase(late, delays, done / seconds, seen.snapshots)


async def _prepare(server: Server, url: str, rate: int) -> str:
    session = (await _query(server, _SIGN_UP, {}))["signUp"]
    token = str(session["session"]["accessToken"])
    for number in range(rate):
        schedule = {"every": {"interval": "PT1S", "start": f"2026-01-01T00:00:00.{number * 1000 // rate:03}Z"}}
        task = {"name": f"every second {number}", "job": {"http": {"url": url}}, "schedule": schedule}
        created = (await _query(server, _CREATE, {"i": task}, token))["createTask"]
        if created["userErrors"]:
            raise RuntimeError(str(created["userErrors"]))
    return token


def _phase(server: Server, token: str, subscribers: int, seconds: float) -> Phase:
    if not subscribers:
        return in_fresh_process(_measure, server, token, seconds)
    ours, theirs = get_context("spawn").Pipe()
    crowd = get_context("spawn").Process(target=_crowd, args=(server, token, subscribers, theirs), daemon=True)
    crowd.start()
    try:
        ours.recv()
        return in_fresh_process(_measure, server, token, seconds)
    finally:
        crowd.terminate()
        crowd.join()


def measure(rate: int = 50, subscribers: int = 50, seconds: float = 30.0) -> list[Row]:
    """Measure without a crowd, then with one."""
    rows = []
    with target.running() as url, serving({"QUOTA_TASKS": "0", "QUOTA_RUNS_PER_MINUTE": "0"}) as server:
        token = asyncio.run(_prepare(server, url, rate))
        for crowd in (0, subscribers):
            found = _phase(server, token, crowd, seconds)
            rows += [
                Row(f"(m) {rate} runs a second, {crowd} subscribers: runs/s", found.rate, f"{rate}"),
                Row("    lateness p99, ms", percentile(found.late, 0.99), "< 100"),
                Row("    event at a steady subscriber, p99, ms", percentile(found.delays, 0.99), "< 250"),
                Row("    SNAPSHOTs it was sent", found.snapshots, "0"),
            ]
    return rows


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.subscribers", description=__doc__)
    parser.add_argument("--rate", type=int, default=50)
    parser.add_argument("--subscribers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args()
    print(text(measure(options.rate, options.subscribers, options.seconds)))


if __name__ == "__main__":
    main()
