"""A disk that fills under a server, and is given space again: a small file system of its own, where one can be made."""

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

from tests.acceptance.server import Server, run_server
from tests.harness import until

SIZE_MB = 192
TASKS = 20
WRITERS = 3
FULL = "the disk is full"
_CREATE = """mutation($i: CreateTasksInput!) {
  createTasks(input: $i) { results { task { id } userErrors { message } } userErrors { message } } }"""
_TASKS = """query($after: String) { tasks(first: 100, after: $after) {
  pageInfo { hasNextPage endCursor } nodes { id } } }"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The server's directory, whose data directory is a small file system in memory."""
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
    """Saves big tasks, and notes what was acknowledged and what was answered else."""

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
    """A writer at work, several calls at a time."""
    writer = Writer(server)
    tasks = [asyncio.create_task(writer.run()) for _ in range(WRITERS)]
    try:
        yield writer
    finally:
        writer.enough = True
        await asyncio.gather(*tasks)


async def saved(server: Server) -> set[str]:
    """The ids of all tasks."""
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


def fill(directory: Path) -> Path:
    """A file that takes what is free."""
    ballast = directory / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(directory).free)
    return ballast


async def test_on_a_full_disk_nothing_acknowledged_is_lost_and_with_space_all_goes_on(small_disk: Path) -> None:
    async with run_server(small_disk, TOCSIN_COST_LIMIT="100000000") as server:
        await server.sign_up()
        async with writing(server) as writer:
            ballast = fill(small_disk / "data")

            async def is_full() -> bool:
                return (await readiness(server))["database"] == FULL

            async def is_told() -> bool:
                return "UNAVAILABLE" in writer.codes

            await until(is_full, 40)
            await until(is_told, 40)
            ballast.unlink()
            await until(server.ready, 30)
        assert writer.codes == {"UNAVAILABLE"}
        assert writer.acknowledged
        assert set(writer.acknowledged) <= await saved(server)
    log = server.log.read_text()
    assert log.count(f"{FULL}, ") == 1
    assert "WT_PANIC" not in log
