"""A disk that fills up while the server runs, and is freed again. Uses a small file system where one can be mounted."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.server import METRICS_TOKEN, Server, run_server
from tests.harness import serve_target, wait_until

SIZE_MB = 192
FLOOR_MB = 100
TASKS = 20
WRITERS = 3
FULL = "the disk is full"
_CREATE = """mutation($i: CreateTasksInput!) {
  createTasks(input: $i) { results { task { id } userErrors { message } } userErrors { message } } }"""
_CREATE_ONE = "mutation($i: CreateTaskInput!) { createTask(input: $i) { task { id } userErrors { message } } }"
_COMPLETED = """query($id: ID!) { task(id: $id) { runs(filter: {status: [COMPLETED]}) { totalCount } } }"""
_TASKS = """query($after: String) { tasks(first: 100, after: $after) {
  pageInfo { hasNextPage endCursor } nodes { id } } }"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The server's directory, with a small in-memory file system as data directory."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    mount = shutil.which("mount")
    if sys.platform != "linux" or mount is None:
        pytest.skip("needs Linux and mount(8) to make a small disk")
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", str(data)], check=False, capture_output=True
    )
    if made.returncode:
        pytest.skip(f"may not mount a small disk here: {made.stderr.decode().strip()}")
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", "--lazy", str(data)], check=True)


class Writer:
    """Creates large tasks, and records which were acknowledged and the other responses."""

    def __init__(self, server: Server) -> None:
        self.acknowledged: list[str] = []
        self.codes: set[str] = set()
        self.enough = False
        self._server = server
        self._calls = 0

    async def run(self) -> None:
        headers = {"Authorization": f"Bearer {self._server.token}"}
        async with httpx.AsyncClient(timeout=60, headers=headers) as client:
            while not self.enough:
                self._take(await client.post(self._server.url, json={"query": _CREATE, "variables": self._variables()}))
                await asyncio.sleep(0.01)

    def _variables(self) -> dict[str, Any]:
        self._calls += 1
        job = {"http": {"url": "https://example.com/", "method": "POST", "bodyText": os.urandom(15_000).hex()}}
        at = {"at": "2099-01-01T00:00:00Z"}
        return {"i": {"tasks": [{"name": f"{self._calls}-{n}", "job": job, "schedule": at} for n in range(TASKS)]}}

    def _take(self, answer: httpx.Response) -> None:
        body = answer.json()
        if "errors" in body:
            self.codes |= {error["extensions"]["code"] for error in body["errors"]}
            return
        done = body["data"]["createTasks"]
        assert not done["userErrors"], done["results"][0]
        self.acknowledged += [result["task"]["id"] for result in done["results"]]


@asynccontextmanager
async def writing(server: Server) -> AsyncIterator[Writer]:
    """Run a writer with several concurrent calls."""
    writer = Writer(server)
    tasks = [asyncio.create_task(writer.run()) for _ in range(WRITERS)]
    try:
        yield writer
    finally:
        writer.enough = True
        await asyncio.gather(*tasks)


async def saved(server: Server) -> set[str]:
    """Return the ids of all tasks."""
    found: set[str] = set()
    after = None
    while True:
        tasks = (await server.query(_TASKS, {"after": after}))["tasks"]
        found |= {task["id"] for task in tasks["nodes"]}
        if not tasks["pageInfo"]["hasNextPage"]:
            return found
        after = tasks["pageInfo"]["endCursor"]


async def readiness(server: Server) -> dict[str, str]:
    async with httpx.AsyncClient(timeout=60) as client:
        parts: dict[str, str] = (await client.get(server.url.replace("graphql", "ready"))).json()
    return parts


def fill(directory: Path, but: int = 0) -> Path:
    """Create a file that fills the disk except for this number of bytes."""
    ballast = directory / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(directory).free - but)
    return ballast


async def test_on_a_full_disk_nothing_acknowledged_is_lost_and_with_space_all_goes_on(small_disk: Path) -> None:
    async with run_server(small_disk, TOCSIN_COST_LIMIT="100000000", TOCSIN_MIN_FREE_DISK="0") as server:
        await server.sign_up()
        async with writing(server) as writer:
            ballast = fill(small_disk / "data")

            async def is_full() -> bool:
                return (await readiness(server))["database"] == FULL

            async def is_told() -> bool:
                return "UNAVAILABLE" in writer.codes

            await wait_until(is_full, 40)
            await wait_until(is_told, 40)
            ballast.unlink()
            await wait_until(server.ready, 30)
        assert writer.codes == {"UNAVAILABLE"}
        assert writer.acknowledged
        assert set(writer.acknowledged) <= await saved(server)
    log = server.log.read_text()
    assert log.count(f"{FULL}, ") == 1
    assert "the embedded database died" not in log


async def test_below_a_floor_of_free_disk_nothing_new_is_accepted_and_what_runs_is_recorded(small_disk: Path) -> None:
    async with run_server(small_disk, TOCSIN_MIN_FREE_DISK=str(FLOOR_MB)) as server, serve_target() as target:
        await server.sign_up()
        every = {"job": {"http": {"url": target.url}}, "schedule": {"every": {"interval": "PT1S"}}}
        task = (await server.query(_CREATE_ONE, {"i": {"name": "each second", **every}}))["createTask"]["task"]["id"]
        ballast = fill(small_disk / "data", but=FLOOR_MB * 2**20 * 3 // 4)

        async def is_told() -> bool:
            return (await readiness(server)).get("disk", "").startswith("nearly full")

        await wait_until(is_told, 40)
        async with httpx.AsyncClient(timeout=60, headers={"Authorization": f"Bearer {server.token}"}) as client:

            async def create() -> httpx.Response:
                variables = {"i": {"name": "new", **every}}
                return await client.post(server.url, json={"query": _CREATE_ONE, "variables": variables})

            refused = await create()
            assert refused.json()["errors"][0]["extensions"]["code"] == "STORAGE_LOW"
            metrics = server.url.replace("graphql", "metrics")
            shown = await client.get(metrics, headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
            assert "tocsin_storage_low 1.0" in shown.text
            before = len(target.calls)

            async def goes_on() -> bool:
                count = (await server.query(_COMPLETED, {"id": task}))["task"]["runs"]["totalCount"]
                return len(target.calls) > before + 2 and count > before + 1

            await wait_until(goes_on, 20)
            ballast.unlink()

            async def is_accepted() -> bool:
                return "errors" not in (await create()).json()

            await wait_until(is_accepted, 20)
        assert "disk" not in await readiness(server)
