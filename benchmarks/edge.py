"""Edge (n): requests a second for pages of 50 tasks and 50 runs, beside plain Strawberry and plain FastAPI."""

import argparse
import asyncio
import contextlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import httpx

from benchmarks.pages import make_run, make_task
from benchmarks.plain_edge import TASK_FIELDS, serve_plain
from benchmarks.process import cpu_of, in_fresh_process
from benchmarks.server import Server, serving
from benchmarks.table import Row, percentile, text
from tocsin import clock
from tocsin.documents import AttemptOutcome, connect, from_global_id

CONNECTIONS = 8
_WARM_UP = 40
_SIGN_UP = (
    'mutation { signUp(input: {email: "bench@example.com", password: "correct horse battery"}) '
    "{ session { accessToken user { id } } userErrors { message } } }"
)
_RUN_FIELDS = "id taskName taskVersion trigger status reason dueAt createdAt queuedAt startedAt finishedAt queue"
_PAGE = "pageInfo { hasNextPage endCursor }"
_NESTED = (
    "id name status nextRunAt schedule { summary ... on CronSchedule { expression timeZone } } "
    "job { __typename ... on HttpJob { url method } } retry { maxRetries offsets } "
    "lastRun { id status finishedAt attempts { number outcome statusCode durationMs } }"
)
DOCUMENTS = {
    "tasks": f"query Tasks($first: Int!) {{ tasks(first: $first) {{ nodes {{ {TASK_FIELDS} }} {_PAGE} }} }}",
    "runs": f"query Runs($first: Int!) {{ runs(first: $first) {{ nodes {{ {_RUN_FIELDS} }} {_PAGE} }} }}",
    "tasks with nested objects": f"query Deep($first: Int!) {{ tasks(first: $first) {{ nodes {{ {_NESTED} }} }} }}",
}
"""The measured documents: 12 fields of each node, and one with the objects that a page of tasks shows."""


@dataclass(frozen=True, slots=True)
class Load:
    """Requests a second, their latencies (milliseconds), and the CPU milliseconds that each took."""

    rate: float
    latencies: list[float]
    app: float
    database: float


def _request(path: str, token: str, document: str) -> bytes:
    content = json.dumps({"query": document, "variables": {"first": 50}}).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: tocsin\r\nContent-Type: application/json\r\nAccept: application/json\r\n"
        f"Authorization: Bearer {token}\r\nUser-Agent: benchmark\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: tocsin\r\nAccept: application/json\r\n\r\n".encode()


@contextlib.contextmanager
def _client(host: str, port: int, request: bytes, seconds: float) -> Iterator[Connection]:
    """Start a client in a process of its own. It warms the server up, waits for a message, and sends its latencies."""
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_send, args=(host, port, request, seconds, theirs), daemon=True)
    process.start()
    theirs.close()  # so that a client that fails ends the benchmark
    try:
        yield ours
    finally:
        process.terminate()
        process.join()


def _send(host: str, port: int, request: bytes, seconds: float, parent: Connection) -> None:
    asyncio.run(_send_all(host, port, request, seconds, parent))


async def _send_all(host: str, port: int, request: bytes, seconds: float, parent: Connection) -> None:
    streams = [await asyncio.open_connection(host, port) for _ in range(CONNECTIONS)]
    for number in range(_WARM_UP):
        await _exchange(*streams[number % CONNECTIONS], request)
    parent.send("ready")
    await asyncio.to_thread(parent.recv)
    end = time.perf_counter() + seconds
    found = await asyncio.gather(*(_send_until(end, *stream, request) for stream in streams))
    parent.send([latency for some in found for latency in some])
    await asyncio.to_thread(parent.recv)


async def _send_until(
    end: float, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> list[float]:
    latencies = []
    while (begun := time.perf_counter()) < end:
        await _exchange(reader, writer, request)
        latencies.append((time.perf_counter() - begun) * 1000)
    return latencies


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> None:
    """Send a request and check its response. Raises RuntimeError for an error."""
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    body = await reader.readexactly(int(head.partition("content-length:")[2].partition("\r\n")[0]))
    if " 200 " not in head[:20] or b'"errors"' in body or len(body) < 5_000:
        raise RuntimeError(f"{head}\n{body[:500]!r}")


def measure_load(server: Server, request: bytes, seconds: float) -> Load:
    """Send this request over all connections for these seconds, after a warm-up."""
    with _client(server.host, server.port, request, seconds) as client:
        client.recv()
        before = cpu_of(server.pid), cpu_of(server.database_pid)
        client.send("go")
        latencies: list[float] = client.recv()
        count = len(latencies)
        after = cpu_of(server.pid), cpu_of(server.database_pid)
        app, database = ((end - begin) * 1000 / count for begin, end in zip(before, after, strict=True))
        return Load(count / seconds, latencies, app, database)


async def fill(uri: str, owner: str, count: int) -> None:
    """Store this many tasks of the owner with one ended run each."""
    database = await connect(uri, "tocsin")
    try:
        begun = clock.now() - timedelta(days=1)
        tasks = [_task(owner, number, begun + timedelta(seconds=number)) for number in range(count)]
        await database.tasks.insert_many(tasks)
        await database.runs.insert_many([_run(task, begun + timedelta(hours=1)) for task in tasks])
    finally:
        await database.close()


def _task(owner: str, number: int, created_at: datetime) -> Any:
    task, task_id = make_task(number, created_at), f"{owner}/t{number}"
    job = {**task["job"], "params": {"body": None, "connect_timeout": None, "token": None, **task["job"]["params"]}}
    names = {"_id": task_id, "owner": owner, "tags": ["benchmark"]}
    return {**task, **names, "job": job, "last_run": f"{task_id}:1"}


def _run(task: Any, at: datetime) -> Any:
    end = at + timedelta(milliseconds=120)
    attempt = {
        "number": 1, "started_at": at, "worker": "benchmark", "finished_at": end, "outcome": AttemptOutcome.COMPLETED,
        "status_code": 200,
    }  # fmt: skip
    run = {**make_run(1, at, task), "_id": task["last_run"], "owner": task["owner"], "task": task["_id"]}
    return {**run, "status": "COMPLETED", "started_at": at, "queued_at": at, "attempts": [attempt]}


async def _set_up(server: Server) -> str:
    """Create an account with 50 tasks and 50 runs, and return its access token."""
    async with httpx.AsyncClient(base_url=f"http://{server.host}:{server.port}") as client:
        response = await client.post("/graphql", json={"query": _SIGN_UP})
    session = response.json()["data"]["signUp"]["session"]
    owner = from_global_id("User", session["user"]["id"])
    assert owner is not None
    await fill(server.database_uri, owner, 50)
    return str(session["accessToken"])


def _rows(name: str, load: Load, goal: str = "") -> list[Row]:
    return [
        Row(f"(n) {name}: requests/s", load.rate, goal),
        Row("    latency p50, ms", percentile(load.latencies, 0.5)),
        Row("    CPU of the app, ms a request", load.app),
        Row("    CPU of the database, ms a request", load.database),
    ]


def measure(seconds: float = 10.0, *, plain: bool = True) -> list[Row]:
    """Measure all documents with one server, then the peers."""
    rows: list[Row] = []
    with serving({"COST_LIMIT": "1000000000", "QUOTA_TASKS": "0"}) as server:
        token = in_fresh_process(_set_up, server)
        for name, document in DOCUMENTS.items():
            load = measure_load(server, _request("/graphql", token, document), seconds)
            rows += _rows(name, load, ">= 300" if name in ("tasks", "runs") else "")
    if plain:
        with serve_plain() as (host, port, pid):
            peer = Server(host, port, "", pid, os.getpid())
            strawberry = measure_load(peer, _request("/graphql", "", DOCUMENTS["tasks"]), seconds)
            fastapi = measure_load(peer, _get("/tasks"), seconds)
        rows += _rows("plain Strawberry, tasks", strawberry) + _rows("plain FastAPI, the same as dicts", fastapi)
    return rows


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.edge", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--no-peers", action="store_true", help="measure only Tocsin")
    options = parser.parse_args()
    print(text(measure(options.seconds, plain=not options.no_peers)))


if __name__ == "__main__":
    main()
