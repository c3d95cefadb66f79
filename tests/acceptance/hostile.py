"""One account attacks the server while another uses it normally: latency and memory must stay the same.

Run it with `python -m tests.acceptance.hostile --seconds 120`.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from aiohttp import web

from tests.acceptance import hostile_account
from tests.acceptance.server import Server

MEGABYTE = 2**20
PASSWORD = "correct horse battery"
VICTIM = "alice@example.com"
ADDRESS = "127.0.0.2"
"""Source address of the hostile account, so that limits by address do not affect the victim."""
LATEST = 1.0
"""Allowed lateness in seconds, on an otherwise idle machine."""
_CREATE = "mutation($i: CreateTaskInput!) { createTask(input: $i) { task { id } userErrors { message } } }"
_RUNS = """query($id: ID!, $after: String) { task(id: $id) { runs(first: 100, after: $after) {
  pageInfo { hasNextPage endCursor } nodes { dueAt status startedAt reason missedCount } } } }"""
_SAVE = "mutation($yaml: String!) { saveWorkflow(input: {yaml: $yaml}) { userErrors { message } } }"
_EXECUTE = """mutation { executeWorkflow(input: {name: "victims"}) { workflowRun { id } userErrors { message } } }"""
_RUN = "query($id: ID!) { workflowRun(id: $id) { status } }"
_LOG_IN = "mutation($i: LogInInput!) { logIn(input: $i) { session { accessToken } userErrors { message } } }"
_QUERY = "{ viewer { email } tasks(first: 10) { nodes { name status nextRunAt } } }"
_WORKFLOW = """
name: victims
steps:
  - {key: first, job: http, params: {url: "TARGET"}, retry: {maxRetries: 0}}
  - {key: second, job: polygonArea, retry: {maxRetries: 0}, params: {geojson: "${{ inputs.square }}"}}
inputs:
  square: {type: object, default: {type: Polygon, coordinates: [[[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]]]}}
"""


@dataclass
class Seen:
    """Measurements of the victim: durations in seconds, and failures."""

    arrivals: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    queries: list[float] = field(default_factory=list)
    workflows: list[float] = field(default_factory=list)
    log_ins: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    disk_mb: list[float] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)

    def part(self, values: list[float], share: float) -> float:
        """Return the quantile of the values for this share; infinity without values."""
        return sorted(values)[min(int(share * len(values)), len(values) - 1)] if values else float("inf")


class Victim:
    """An ordinary user that measures the service they get."""

    def __init__(self, server: Server, seen: Seen) -> None:
        self.server = server
        self.seen = seen
        self.task = ""

    async def settle_in(self, target: str) -> None:
        """Create an account with a task that is due every second, and a workflow."""
        await self.server.sign_up(VICTIM)
        task = {"name": "each second", "job": {"http": {"url": target}}, "schedule": {"every": {"interval": "PT1S"}}}
        answer = (await self.server.query(_CREATE, {"i": task | {"overlap": "ALLOW"}}))["createTask"]
        assert not answer["userErrors"], answer
        self.task = answer["task"]["id"]
        saved = await self.server.query(_SAVE, {"yaml": _WORKFLOW.replace("TARGET", f"{target}workflow")})
        assert not saved["saveWorkflow"]["userErrors"], saved

    async def watch(self, seconds: float) -> None:
        """Use the server for this number of seconds."""
        end = time.monotonic() + seconds
        acts = (
            (self.look, self.seen.queries, 0.5),
            (self.work, self.seen.workflows, 2.0),
            (self.log_in, self.seen.log_ins, 5.0),
        )
        await asyncio.gather(*(self._repeat(act, kept, pause, end) for act, kept, pause in acts))

    async def look(self) -> None:
        """Run the query of a typical page."""
        await self.server.query(_QUERY)

    async def work(self) -> None:
        """Run a workflow and wait until it ends."""
        begun = (await self.server.query(_EXECUTE))["executeWorkflow"]
        assert not begun["userErrors"], begun
        status = "PENDING"
        while status not in {"COMPLETED", "FAILED", "CANCELLED"}:
            await asyncio.sleep(0.05)
            status = (await self.server.query(_RUN, {"id": begun["workflowRun"]["id"]}))["workflowRun"]["status"]
        assert status == "COMPLETED", status

    async def log_in(self) -> None:
        """Log in with the correct password."""
        answer = (await self.server.query(_LOG_IN, {"i": {"email": VICTIM, "password": PASSWORD}}))["logIn"]
        assert answer["session"], answer

    async def count_runs(self) -> None:
        """Compare due times with recorded runs. Runs that are not settled yet are ignored."""
        runs: list[dict[str, Any]] = []
        after = None
        while True:
            page = (await self.server.query(_RUNS, {"id": self.task, "after": after}))["task"]["runs"]
            runs += page["nodes"]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        begun = sorted(
            (datetime.fromisoformat(run["dueAt"]).timestamp(), run["startedAt"]) for run in runs if run["startedAt"]
        )
        self.seen.late += [arrival - due for (due, _), arrival in zip(begun, sorted(self.seen.arrivals), strict=False)]
        odd = [run for run in runs if run["status"] not in {"COMPLETED", "QUEUED", "RUNNING"}]
        self.seen.failures += [f"run {run}" for run in odd]

    async def _repeat(self, act: Callable[[], Awaitable[None]], kept: list[float], pause: float, end: float) -> None:
        while time.monotonic() < end:
            began = time.monotonic()
            if await self.attempt(act):
                kept.append(time.monotonic() - began)
            await asyncio.sleep(pause)

    async def attempt(self, act: Callable[[], Awaitable[None]]) -> bool:
        """Await the work and return whether it succeeded; record a failure otherwise."""
        try:
            await act()
        except (AssertionError, httpx.HTTPError) as error:
            self.seen.failures.append(f"{act.__name__}: {type(error).__name__} {str(error)[:200]}")
            return False
        return True


@asynccontextmanager
async def serve_target(arrivals: list[float]) -> AsyncIterator[str]:
    """Serve the victim's target, which records the times of the task's calls."""

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/":
            arrivals.append(time.time())
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def attacked(server: Server, seen: Seen) -> AsyncIterator[None]:
    """Run the hostile account. Afterwards, check that it reached the server."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", hostile_account.__name__, server.url, ADDRESS, VICTIM,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    lines = asyncio.create_task(_keep_last(process.stdout, seen))
    try:
        yield
        assert process.returncode is None, "the hostile account gave up"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await lines


async def _keep_last(lines: asyncio.StreamReader, seen: Seen) -> None:
    async for line in lines:
        seen.answers = json.loads(line)


async def weigh(server: Server, seen: Seen) -> None:
    """Sample the server's memory every second, forever."""
    while True:
        seen.memory_mb.append(_memory(server))
        files = (file for file in (server.directory / "data").rglob("*"))
        seen.disk_mb.append(sum(_size(file) for file in files) / MEGABYTE)
        await asyncio.sleep(1)


def _size(file: Path) -> int:
    try:
        return file.stat().st_blocks * 512 if file.is_file() else 0
    except FileNotFoundError:
        return 0


def _memory(server: Server) -> float:
    """Return the proportional set size of the server and its child processes in megabytes."""
    assert server.process is not None
    found, pids = 0.0, [server.process.pid]
    while pids:
        pid = pids.pop()
        try:
            pids += [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024
    return found


async def attack(directory: Path, seconds: float) -> Seen:
    """Measure a victim under attack for this number of seconds."""
    seen = Seen()
    limits = ("OWNER_HOST_RATE", "ALLOW_SELF_CALLS", "QUOTA_TASKS", "QUOTA_RUNS_PER_MINUTE", "QUOTA_RUNS_PER_DAY")
    server = Server(directory, **{f"TOCSIN_{name}": "" for name in limits})  # the defaults, which other tests override
    async with serve_target(seen.arrivals) as target:
        await server.start()
        weighing = asyncio.create_task(weigh(server, seen))
        try:
            victim = Victim(server, seen)
            await victim.settle_in(target)
            async with attacked(server, seen):
                await victim.watch(seconds)
                await victim.attempt(victim.count_runs)
        finally:
            weighing.cancel()
            await _stop(server, seen)
    return seen


async def _stop(server: Server, seen: Seen) -> None:
    try:
        await server.stop()
    except TimeoutError:
        seen.failures.append("the server did not stop")
        await server.kill()


def check(seen: Seen, seconds: float, latest: float = LATEST) -> None:
    """Check that the victim was not affected and that the server's memory did not grow in the second half.

    `latest` is the allowed lateness of 99 % of the victim's runs, in seconds.
    """
    assert not seen.failures, seen.failures[:5]
    assert sum(seen.answers.values()) > seconds, seen.answers
    assert len(seen.late) > 0.8 * seconds, len(seen.late)
    assert seen.part(seen.late, 0.99) < latest, sorted(seen.late)[-10:]
    assert seen.workflows, "no workflow came to its end"
    assert seen.log_ins, "nobody could sign in"
    half = len(seen.memory_mb) // 2
    assert median(seen.memory_mb[half:]) <= 1.5 * median(seen.memory_mb[:half]) + 300, seen.memory_mb
    assert seen.disk_mb[-1] <= 600, seen.disk_mb


def main() -> None:
    """Run the command line: attack, print the measurements, and check them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tocsin-hostile-") as directory:
        seen = asyncio.run(attack(Path(directory), options.seconds))
    print(f"{'seconds':>22} {'count':>6} {'p50':>8} {'p99':>8} {'max':>8}")
    for name in ("late", "queries", "workflows", "log_ins"):
        values = getattr(seen, name)
        parts = (seen.part(values, share) for share in (0.5, 0.99, 1.0))
        print(f"{name:>22} {len(values):6} " + " ".join(f"{part:8.3f}" for part in parts))
    for name in ("memory_mb", "disk_mb"):
        values = getattr(seen, name)
        ends = (values[0], values[len(values) // 2], values[-1], max(values))
        print(f"{name:>22} first, half-way, last, most: " + ", ".join(f"{part:.0f}" for part in ends))
    print("the hostile account was answered", seen.answers)
    print(f"{len(seen.failures)} failures", seen.failures[:10])
    check(seen, options.seconds)


if __name__ == "__main__":
    main()
