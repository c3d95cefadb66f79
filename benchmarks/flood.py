"""Flood (e): the lateness of 10 schedules a second, with and without a flood of requests from strangers."""

import argparse
import asyncio
import contextlib
import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from benchmarks import target
from benchmarks.load import first_due, save_tasks
from benchmarks.process import in_fresh_process
from benchmarks.server import Server, serving
from benchmarks.table import Row, percentile, text
from tocsin import clock
from tocsin.documents import RunStatus, connect

CONNECTIONS = 200
_LOG_IN = 'mutation($e: String!) { logIn(input: {email: $e, password: "not the password"}) { userErrors { code } } }'
_REFUSED = (
    "{tasks(filter:{" + ",".join(f"a{number}:1" for number in range(150)) + "}){nodes{id}}}",
    "{viewer{" + " ".join('a(a:"")' for _ in range(120)) + "}}",
    "{" + "...a " * 18 + "}" + "".join(f"fragment a{number} on Query{{viewer{{id}}}}" for number in range(25)),
    "{...f0}" + "".join(f"fragment f{number} on Query{{...f{number + 1}...f{number + 1}}}" for number in range(28)),
    "{" + "a: viewer{id}" * 60 + "}",
)
Sent = dict[str, int]


@dataclass(frozen=True, slots=True)
class Phase:
    """The lateness of runs in milliseconds, and the responses to the flood a second, by code."""

    late: list[float]
    responses: Sent


def make_bad_log_in() -> bytes:
    """Return a request to log in, with a random address."""
    return _request({"query": _LOG_IN, "variables": {"e": f"user{random.randrange(10**9)}@example.com"}})


def make_refused_document() -> bytes:
    """Return a request that is expensive to refuse. No two are the same."""
    return _request({"query": f"{random.choice(_REFUSED)} # {random.randrange(10**9)}"})


def make_either() -> bytes:
    """Return either kind of request."""
    return random.choice((make_bad_log_in, make_refused_document))()


_FLOODS = {
    "none": None,
    "bad log-ins": make_bad_log_in,
    "refused documents": make_refused_document,
    "both": make_either,
}


def _request(body: dict[str, Any]) -> bytes:
    content = json.dumps(body).encode()
    head = "POST /graphql HTTP/1.1\r\nHost: tocsin\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content


@contextlib.contextmanager
def flooding(server: Server, kind: str) -> Iterator[Connection]:
    """Run a flood in another process. Send it any message to stop it, and receive the responses it got."""
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_flood, args=(server, kind, theirs), daemon=True)
    process.start()
    try:
        if ours.recv() != "flooding":
            raise RuntimeError("the flood did not begin")
        yield ours
    finally:
        process.terminate()
        process.join()


def _flood(server: Server, kind: str, parent: Connection) -> None:
    os.nice(15)  # a real flood comes from elsewhere: leave the processor to the server
    asyncio.run(_flood_until_asked(server, kind, parent))


async def _flood_until_asked(server: Server, kind: str, parent: Connection) -> None:
    answers: Counter[str] = Counter()
    tasks = [asyncio.create_task(_client(server, kind, number, answers)) for number in range(CONNECTIONS)]
    while sum(answers.values()) < CONNECTIONS:
        await asyncio.sleep(0.05)
        for task in tasks:
            if task.done():
                task.result()
    answers.clear()
    parent.send("flooding")
    await asyncio.to_thread(parent.recv)
    parent.send(dict(answers))


async def _client(server: Server, kind: str, number: int, answers: "Counter[str]") -> None:
    """Send requests over one connection from its own address, so that limits of one address alone do not help."""
    make = _FLOODS[kind]
    assert make is not None
    address = (f"127.1.{number // 250}.{number % 250 + 1}", 0)
    reader, writer = await asyncio.open_connection(server.host, server.port, local_addr=address)
    while True:
        writer.write(make())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        answers[_code(await reader.readexactly(length))] += 1


def _code(body: bytes) -> str:
    answer = json.loads(body)
    return str(answer["errors"][0]["extensions"]["code"]) if answer.get("errors") else "answered"


async def measure_lateness(server: Server, url: str, count: int, seconds: float) -> list[float]:
    """Return the lateness in milliseconds of tasks spread over these seconds."""
    database = await connect(server.database_uri, "tocsin")
    try:
        await database.tasks.delete_many({})
        await database.runs.delete_many({})
        first = first_due(count)
        await save_tasks(
            database, url, [first + timedelta(seconds=number * seconds / count) for number in range(count)]
        )
        await asyncio.sleep((first - clock.now()).total_seconds() + seconds)
        async with asyncio.timeout(60):
            while len(runs := await database.runs.find({"status": RunStatus.COMPLETED.value}).to_list()) < count:
                await asyncio.sleep(0.5)
        return [(run["attempts"][0]["started_at"] - run["due_at"]) / timedelta(milliseconds=1) for run in runs]
    finally:
        await database.close()


def measure_phase(server: Server, url: str, kind: str, count: int, seconds: float) -> Phase:
    """Measure the lateness during one kind of flood, or none."""
    if _FLOODS[kind] is None:
        return Phase(in_fresh_process(measure_lateness, server, url, count, seconds), {})
    with flooding(server, kind) as flood:
        begun = clock.now()
        late = in_fresh_process(measure_lateness, server, url, count, seconds)
        took = (clock.now() - begun).total_seconds()
        flood.send("stop")
        answers: Sent = flood.recv()
        return Phase(late, {code: round(number / took) for code, number in answers.items()})


def measure(count: int = 200, seconds: float = 20.0) -> list[Row]:
    """Measure all phases with one server, one after the other."""
    rows: list[Row] = []
    with target.running() as url, serving() as server:
        for kind in _FLOODS:
            done = measure_phase(server, url, kind, count, seconds)
            print(f"(e) {kind}: responses a second {done.responses}", flush=True)
            label = f"(e) {count / seconds:g} a second, flood: {kind}: lateness p50, ms"
            rows.append(Row(label, percentile(done.late, 0.5)))
            rows += [Row("    p99, ms", percentile(done.late, 0.99)), Row("    at most, ms", max(done.late))]
            if done.responses:
                rows.append(Row("    responses to the flood, a second", sum(done.responses.values())))
    return rows


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flood", description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    print(text(measure(options.count, options.seconds)))


if __name__ == "__main__":
    main()
