"""Runs scripts of `tests/node` with Node."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

TOOLS = Path(__file__).parents[1] / "node"


def _missing() -> str | None:
    """Return what is missing for these tests; None if nothing is."""
    if shutil.which("node") is None:
        return "there is no node on the PATH; install Node 20.19 or newer, then run scripts/install-node-tools"
    if not (TOOLS / "node_modules" / ".tocsin").exists():
        return "tests/node/node_modules is missing or half made; run scripts/install-node-tools"
    return None


needs_node = pytest.mark.skipif(_missing() is not None, reason=_missing() or "")


class Script:
    """A running script that prints one JSON object per line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def line(self) -> Any:
        """Return the next line. Fails with the errors of the script if there is none."""
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            line = await self._process.stdout.readline()
        if not line:
            raise AssertionError(f"the script ended: {await self.read_errors()}")
        return json.loads(line)

    async def lines(self) -> list[Any]:
        """Return all lines until the script ends successfully."""
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            text = await self._process.stdout.read()
            assert await self._process.wait() == 0, await self.read_errors()
        return [json.loads(line) for line in text.splitlines()]

    async def send_line(self, text: str) -> None:
        """Send the script a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n".encode())
        await self._process.stdin.drain()

    async def read_errors(self) -> str:
        """Return what the script wrote to standard error."""
        assert self._process.stderr is not None
        return (await self._process.stderr.read()).decode()


@asynccontextmanager
async def run_script(*arguments: str) -> AsyncIterator[Script]:
    """Run `node ARGUMENTS` in the directory of the scripts. The script is ended afterwards."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        "node", *arguments, cwd=TOOLS, stdin=pipe, stdout=pipe, stderr=pipe, limit=2**24
    )
    try:
        yield Script(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
