"""Kill the server, its database, or both at random times under load, and check that nothing is lost.

Run it with `python -m tests.acceptance.crash --rounds 50`.
"""

import argparse
import asyncio
import os
import random
import signal
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from aiohttp import web

from tests.acceptance.server import Server, UnavailableError
from tests.harness import wait_until

INTERVALS = 10
TOGETHER = 25
"""Tasks that are due at the same times, enough for their runs to be deferred."""
CREATORS = 8
OPEN = ["QUEUED", "RUNNING", "RETRY"]
_CREATE = "mutation($i: CreateTaskInput!) { createTask(input: $i) { task { id } userErrors { message } } }"
_PAUSE = "mutation($id: ID!) { pauseTask(input: {id: $id}) { task { status } userErrors { message } } }"
_COUNT = """query($s: [RunStatus!]!) {
  runs(filter: {status: $s}) { totalCount } tasks(filter: {status: [PENDING, RUNNING, RETRY]}) { totalCount } }"""
_RUNS = """query($id: ID!, $after: String) { task(id: $id) { status nextRunAt runs(first: 100, after: $after) {
  pageInfo { hasNextPage endCursor } nodes { id status dueAt missedUntil attempts { number outcome } } } } }"""


@dataclass
class Load:
    """The load: acknowledged tasks, and the calls that the target received."""

    server: Server
    target: str
    random: random.Random
    one_off: list[str] = field(default_factory=list)
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    made: int = 0
    enough: bool = False

    async def handle(self, request: web.Request) -> web.Response:
        """Handle a call of the target, which is sometimes slow and sometimes fails."""
        self.seen[request.headers["Idempotency-Key"], request.headers["X-Tocsin-Attempt"]] += 1
        await asyncio.sleep(self.random.choice((0, 0.01, 0.2)))
        return web.Response(status=500 if self.random.random() < 0.1 else 200)

    async def create(self, schedule: dict[str, Any]) -> str:
        """Create a task, repeating the call with the same key until it is acknowledged."""
        self.made += 1
        key = f"task {self.made}"
        task = {"name": key, "job": {"http": {"url": self.target}}, "schedule": schedule, "ifPast": "RUN_NOW"}
        retry = {"maxRetries": 5, "offsets": ["PT0S"]}
        answer = await self.ask(_CREATE, {"i": {**task, "retry": retry, "idempotencyKey": key}})
        return str(answer["createTask"]["task"]["id"])

    async def ask(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Run an operation, retrying while the server is unavailable."""

        async def answered() -> dict[str, Any] | None:
            try:
                return await self.server.query(query, variables)
            except (httpx.TransportError, UnavailableError):
                return None

        answer: dict[str, Any] = await wait_until(answered, 60)
        return answer

    async def keep_creating(self) -> None:
        """Create one-off tasks that are due soon, one after the other."""
        while not self.enough:
            at = datetime.now().astimezone() + timedelta(seconds=self.random.uniform(0, 1.5))
            self.one_off.append(await self.create({"at": at.isoformat()}))
            await asyncio.sleep(0.01)

    async def runs_of(self, task_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Return a task and all of its runs."""
        runs: list[dict[str, Any]] = []
        after = None
        while True:
            task = (await self.ask(_RUNS, {"id": task_id, "after": after}))["task"]
            runs += task["runs"]["nodes"]
            if not task["runs"]["pageInfo"]["hasNextPage"]:
                return task, runs
            after = task["runs"]["pageInfo"]["endCursor"]


@asynccontextmanager
async def serve_load(server: Server, seed: int) -> AsyncIterator[Load]:
    """Serve the target and yield the load that counts its calls."""
    load = Load(server, "", random.Random(seed))
    app = web.Application()
    app.router.add_route("*", "/", load.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    load.target = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield load
    finally:
        await runner.cleanup()


async def crash(directory: Path, rounds: int, seed: int) -> dict[str, int]:
    """Crash `rounds` times, check everything, and return the counts."""
    server = Server(directory, TOCSIN_MAX_CONCURRENCY="50", TOCSIN_LEASE_SECONDS="2", TOCSIN_COST_LIMIT="100000000")
    async with serve_load(server, seed) as load:
        await server.start()
        await server.sign_up()
        try:
            intervals = [await load.create({"every": {"interval": "PT1S"}}) for _ in range(INTERVALS)]
            every_second = {"cron": {"expression": "* * * * * *", "timeZone": "UTC"}}
            intervals += [await load.create(every_second) for _ in range(TOGETHER)]
            creators = [asyncio.create_task(load.keep_creating()) for _ in range(CREATORS)]
            for number in range(rounds):
                await asyncio.sleep(load.random.uniform(0.8, 3.2))
                await kill(server, ("server", "database", "both")[number % 3])
            load.enough = True  # not cancelled: an aborted request would leave its socket to the garbage collector
            await asyncio.gather(*creators)
            return await check(load, intervals)
        finally:
            await server.stop()


async def kill(server: Server, what: str) -> None:
    """Kill the server, its database, or both, and restart it."""
    if what != "server":
        os.kill(server.database_pid(), signal.SIGKILL)
    if what != "database":
        await server.kill()
        await server.start()


async def check(load: Load, intervals: list[str]) -> dict[str, int]:
    """Check that everything acknowledged exists, each due time has one run, and no attempt is recorded twice."""
    for task_id in intervals:
        await load.ask(_PAUSE, {"id": task_id})

    async def settled() -> bool:
        answer = await load.ask(_COUNT, {"s": OPEN})
        return bool(answer["runs"]["totalCount"] == answer["tasks"]["totalCount"] == 0)

    await wait_until(settled, 60)
    attempts = 0
    for task_id in load.one_off:
        task, runs = await load.runs_of(task_id)
        assert len(runs) == 1, (task, runs)
        assert task["nextRunAt"] is None, task
        assert task["status"] == runs[0]["status"], (task, runs)
        attempts += _check_attempts(runs)
    for task_id in intervals:
        task, runs = await load.runs_of(task_id)
        assert task["status"] == "PAUSED"
        _check_due_times(runs)
        attempts += _check_attempts(runs)
    twice = [key for key, count in load.seen.items() if count > 1]
    assert not twice, f"attempts made twice: {twice[:5]}"
    return {"one-off tasks": len(load.one_off), "attempts": attempts, "requests": sum(load.seen.values())}


def _check_attempts(runs: list[dict[str, Any]]) -> int:
    for run in runs:
        numbers = [attempt["number"] for attempt in run["attempts"]]
        assert numbers == list(range(1, len(numbers) + 1)), run
        assert all(attempt["outcome"] for attempt in run["attempts"]), run
    return sum(len(run["attempts"]) for run in runs)


def _check_due_times(runs: list[dict[str, Any]]) -> None:
    """Check that each second from the first to the last due time has one run or lies in one gap of missed ones."""
    covered: Counter[datetime] = Counter()
    for run in runs:
        due, until_ = (datetime.fromisoformat(run[name] or run["dueAt"]) for name in ("dueAt", "missedUntil"))
        steps = int((until_ - due) / timedelta(seconds=1))
        covered.update(due + timedelta(seconds=step) for step in range(steps + 1))
    first, last = min(covered), max(covered)
    seconds = int((last - first) / timedelta(seconds=1))
    assert len(covered) == seconds + 1, f"{seconds + 1 - len(covered)} due times have no run"
    assert set(covered.values()) == {1}, [due for due, count in covered.items() if count > 1]


def main() -> None:
    """Run the command line: crash, check, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tocsin-crash-") as directory:
        counted = asyncio.run(crash(Path(directory), options.rounds, options.seed))
    print(f"{options.rounds} rounds, seed {options.seed}: nothing lost, nothing twice; {counted}")


if __name__ == "__main__":
    main()
