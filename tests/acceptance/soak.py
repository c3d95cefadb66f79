"""A server under a steady load: its resource usage must not grow.

Run it with `python -m tests.acceptance.soak --seconds 1800 --rate 50`.
"""

import argparse
import asyncio
import json
import re
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import httpx
from aiohttp import web

from tests.acceptance import counting
from tests.acceptance.server import METRICS_TOKEN, Server
from tests.harness import wait_until

METRICS = {"Authorization": f"Bearer {METRICS_TOKEN}"}
MEGABYTE = 2**20
WARM_UP = 0.2
"""Share of the time that is not measured, in which connections are opened and caches fill."""
BATCH = 50
_CREATE = "mutation($i: CreateTasksInput!) { createTasks(input: $i) { userErrors { message } } }"


@dataclass
class Sample:
    """Resource usage of the server at one time. Counters start with the process."""

    runs: float
    lateness: float
    documents: int
    commands: int
    server_mb: float
    database_mb: float
    server_descriptors: int
    database_descriptors: int
    log_mb: float
    data_mb: float


@dataclass
class Part:
    """A period of the test: average usage per run, and peak usage."""

    runs: float
    lateness_ms: float
    documents_per_run: float
    commands_per_run: float
    server_mb: float
    database_mb: float
    server_descriptors: int
    database_descriptors: int
    log_mb: float
    data_mb: float

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> "Part":
        """Return the period from the first to the last of these samples."""
        first, last = samples[0], samples[-1]
        runs = max(last.runs - first.runs, 1)
        return cls(
            last.runs - first.runs,
            1000 * (last.lateness - first.lateness) / runs,
            (last.documents - first.documents) / runs,
            (last.commands - first.commands) / runs,
            median(sample.server_mb for sample in samples),
            median(sample.database_mb for sample in samples),
            max(sample.server_descriptors for sample in samples),
            max(sample.database_descriptors for sample in samples),
            max(sample.log_mb for sample in samples),
            last.data_mb,
        )


class Soak:
    """A server whose target responds immediately, and its samples, one per second."""

    def __init__(self, directory: Path) -> None:
        self.counts = directory / "counts.json"
        self.server = Server(directory, TOCSIN_COST_LIMIT="100000000")
        self.server.program = [counting.__file__, str(self.counts)]
        self.samples: list[Sample] = []

    async def load(self, target: str, rate: int) -> None:
        """Create as many tasks as runs per second, each due every second."""
        task = {"job": {"http": {"url": target}}, "schedule": {"every": {"interval": "PT1S"}}}
        for start in range(0, rate, BATCH):
            tasks = [{**task, "name": f"task {number}"} for number in range(start, min(start + BATCH, rate))]
            answer = (await self.server.query(_CREATE, {"i": {"tasks": tasks}}))["createTasks"]
            assert not answer["userErrors"], answer

    async def counted(self) -> bool:
        """Tell whether the server has written its counters."""
        return self.counts.exists()

    async def watch(self, seconds: float) -> None:
        """Sample the server every second for this number of seconds."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        async with httpx.AsyncClient(timeout=60) as client:
            while loop.time() < end:
                await asyncio.sleep(1)
                metrics = (await client.get(self.server.url.replace("graphql", "metrics"), headers=METRICS)).text
                self.samples.append(self._sample(metrics))

    def parts(self) -> tuple[Part, Part]:
        """Return the first and the last quarter of the time after the warm-up."""
        warm = self.samples[int(WARM_UP * len(self.samples)) :]
        quarter = len(warm) // 4
        return Part.of(warm[: quarter + 1]), Part.of(warm[-quarter - 1 :])

    def _sample(self, metrics: str) -> Sample:
        assert self.server.process is not None
        server, database = self.server.process.pid, self.server.database_pid()
        counted = json.loads(self.counts.read_text())
        return Sample(
            _metric(metrics, "tocsin_run_lateness_seconds_count"),
            _metric(metrics, "tocsin_run_lateness_seconds_sum"),
            counted["documents"],
            counted["commands"],
            _resident(server),
            _resident(database),
            _descriptors(server),
            _descriptors(database),
            self._size("WiredTigerLog.*"),
            self._size("*.wt"),
        )

    def _size(self, names: str) -> float:
        files = (self.server.directory / "data" / "database").glob(names)
        return sum(_allocated(file) for file in files) / MEGABYTE


def _allocated(file: Path) -> int:
    try:
        return file.stat().st_blocks * 512
    except FileNotFoundError:  # trimmed meanwhile
        return 0


def _metric(text: str, name: str) -> float:
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE))


def _resident(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


def _descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


@asynccontextmanager
async def serve_target() -> AsyncIterator[str]:
    """Serve a target that responds immediately."""

    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"padding": "x" * 500})

    app = web.Application()
    app.router.add_route("*", "/", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def soak(directory: Path, seconds: float, rate: int) -> tuple[Part, Part]:
    """Load a new server with `rate` runs per second, and return the first and the last period."""
    run = Soak(directory)
    async with serve_target() as target:
        await run.server.start()
        try:
            await run.server.sign_up()
            await wait_until(run.counted)
            await run.load(target, rate)
            await run.watch(seconds)
        finally:
            await run.server.stop()
    return run.parts()


def check(first: Part, last: Part) -> None:
    """Check that no usage has grown. Lateness depends on the machine and is only checked roughly."""
    assert last.runs > first.runs / 3, (first, last)
    assert last.documents_per_run <= 1.5 * first.documents_per_run + 3, (first, last)
    assert last.commands_per_run <= 1.5 * first.commands_per_run + 3, (first, last)
    assert last.server_descriptors <= first.server_descriptors + 20, (first, last)
    assert last.database_descriptors <= first.database_descriptors + 20, (first, last)
    assert last.log_mb <= 128, (first, last)
    assert last.server_mb <= 1.3 * first.server_mb + 30, (first, last)
    assert last.database_mb <= 600, (first, last)


def main() -> None:
    """Run the command line: soak, print both periods, and check them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1800)
    parser.add_argument("--rate", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tocsin-soak-") as directory:
        first, last = asyncio.run(soak(Path(directory), options.seconds, options.rate))
    ends = asdict(last)
    for name, began in asdict(first).items():
        print(f"{name:>20} {began:10.1f} {ends[name]:10.1f}")
    check(first, last)


if __name__ == "__main__":
    main()
