"""Subscribers (m): runs each second while the subscribers of their owners listen, or come and go, over WebSockets."""

import argparse
import asyncio
import base64
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.frames import Frame, Opcode

from benchmarks import target
from benchmarks.process import CpuClock, in_fresh_process
from benchmarks.server import Server, serving
from benchmarks.table import Row, percentile, text
from tocsin import clock
from tocsin.documents import RunStatus
from tocsin.documents import connect as open_database

STAY_SECONDS = 10.0
"""The time after which a subscriber disconnects and another one connects."""
WATCHED_OWNERS = 5
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
_EVENTS = (
    "subscription { taskEvents { kind at taskStatus runStatus task { id name status nextRunAt }"
    " run { id status dueAt startedAt finishedAt attempts { number outcome } } } }"
)


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
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": _EVENTS}}))
        yield socket


class _Listener(asyncio.Protocol):
    """A subscriber that costs this machine as little as one elsewhere: it reads everything and understands nothing."""

    def __init__(self, token: str) -> None:
        self._token = token
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        lines = ["GET /graphql HTTP/1.1", "Host: bench", "Upgrade: websocket", "Connection: Upgrade"]
        lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        transport.write("\r\n".join([*lines, "Sec-WebSocket-Protocol: graphql-transport-ws", "", ""]).encode())
        self._answered = False

    def data_received(self, data: bytes) -> None:
        if not self._answered:
            self._answered = True
            self._send(type="connection_init", payload={"Authorization": f"Bearer {self._token}"})
        elif b"connection_ack" in data:
            self._send(type="subscribe", id="1", payload={"query": _EVENTS})
        elif data[0] == 0x89:  # a ping
            self._transport.write(Frame(Opcode.PONG, data[2 : 2 + data[1]]).serialize(mask=True))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.lost.set_result(None)

    def _send(self, **message: Any) -> None:
        self._transport.write(Frame(Opcode.TEXT, json.dumps(message).encode()).serialize(mask=True))


async def _come_and_go(server: Server, token: str, stay: float, offset: float) -> None:
    """Subscribe again and again, reading everything."""
    first = stay / 2 + offset if stay else None
    while True:
        make = lambda: _Listener(token)  # noqa: E731
        transport, listener = await asyncio.get_running_loop().create_connection(make, server.host, server.port)
        await asyncio.wait([listener.lost], timeout=first)
        transport.close()
        first = stay or None


def _crowd(server: Server, tokens: list[str], load: Load, parent: Connection) -> None:
    os.nice(10)  # real subscribers are elsewhere
    asyncio.run(_crowd_until_killed(server, tokens, load, parent))


async def _crowd_until_killed(server: Server, tokens: list[str], load: Load, parent: Connection) -> None:
    tasks = []
    for number in range(load.subscribers):
        offset = number * load.stay / load.subscribers / 2
        token = tokens[number % len(tokens)]
        tasks.append(asyncio.create_task(_come_and_go(server, token, load.stay, offset)))
        await asyncio.sleep(0.005)
    parent.send("subscribing")
    await asyncio.gather(*tasks)


async def _watch(server: Server, token: str, seen: _Seen) -> None:
    """Record when a steady subscriber is told that each run has completed."""
    async with _subscription(server, token) as socket:
        async for text_ in socket:
            event = json.loads(text_).get("payload", {}).get("data", {}).get("taskEvents") or {}
            seen.snapshots += event.get("kind") in ("SNAPSHOT", "RESYNC")
            if event.get("runStatus") == RunStatus.COMPLETED:
                seen.ended.setdefault(event["run"]["id"], time.time() - _epoch(event["run"]["finishedAt"]))


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
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    database = await open_database(server.database_uri, "tocsin")
    await asyncio.sleep(5)
    period = {"due_at": {"$gte": begun, "$lt": ended}}
    runs = [run async for run in database.runs.find(period) if run["attempts"]]
    await database.close()
    late = [(run["attempts"][0]["started_at"] - run["due_at"]) / timedelta(milliseconds=1) for run in runs]
    done = sum(run["status"] == RunStatus.COMPLETED for run in runs)
    return Phase(late, delays, done / seconds, seen.snapshots, used / max(done, 1) * 1000, memory)


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


def _phase(server: Server, tokens: list[str], load: Load, seconds: float) -> Phase:
    if not load.subscribers:
        return in_fresh_process(_measure, server, tokens, seconds)
    ours, theirs = get_context("spawn").Pipe()
    crowd = get_context("spawn").Process(target=_crowd, args=(server, tokens, load, theirs), daemon=True)
    crowd.start()
    try:
        ours.recv()
        return in_fresh_process(_measure, server, tokens, seconds)
    finally:
        crowd.terminate()
        crowd.join()


def _percentile(values: list[float]) -> float:
    return percentile(values, 0.99) if values else float("nan")


def measure_load(load: Load, seconds: float, goals: tuple[str, str]) -> list[Row]:
    """Measure without the crowd, then with it. `goals` are those of the lateness and the delay."""
    with target.running() as url, serving(_SETTINGS) as server:
        tokens = asyncio.run(_prepare(server, url, load))
        alone = _phase(server, tokens, replace(load, subscribers=0), seconds)
        crowded = _phase(server, tokens, load, seconds)
    rows = []
    for count, phase in ((0, alone), (load.subscribers, crowded)):
        rows += [
            Row(f"(m) {load.rate}/s of {load.owners} owners, {count} subscribers: runs/s", phase.rate, f"{load.rate}"),
            Row("    lateness p99, ms", _percentile(phase.late), goals[0]),
            Row("    event at a steady subscriber, p99, ms", _percentile(phase.delays), goals[1]),
            Row("    SNAPSHOTs it was sent", phase.snapshots, "0"),
            Row("    CPU of the server for a run, ms", phase.cpu),
        ]
    return [*rows, Row("    memory of a subscriber, KiB", (crowded.memory - alone.memory) / load.subscribers / 1024)]


LOADS = (
    (Load(50, 50), ("< 100", "< 250")),
    (Load(200, 200), ("< 100", "")),
    (Load(50, 1000, owners=100, stay=0), ("< 100", "< 100")),
)


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
    options = parser.parse_args()
    if options.rate is None:
        rows = measure(options.seconds)
    else:
        load = Load(options.rate, options.subscribers, options.owners, options.stay)
        rows = measure_load(load, options.seconds, ("< 100", "< 250"))
    print(text(rows))


if __name__ == "__main__":
    main()
