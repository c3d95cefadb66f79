"""Programs that drive Chromium through pages of a real server."""

import asyncio
import shutil

import pytest

from tests.acceptance.server import Server
from tests.conformance.node import TOOLS, needs_node

_PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM = next(filter(None, map(shutil.which, _PROGRAMS)), None)
needs_browser = [
    needs_node,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the PATH; run scripts/install-browser"),
]


async def drive(script: str, server: Server, *arguments: str, seconds: float = 100) -> str:
    """Run `node SCRIPT CHROMIUM SERVER ARGUMENTS` and return its output. Fails with its error output."""
    process = await asyncio.create_subprocess_exec(
        "node", script, str(CHROMIUM), server.url.removesuffix("/graphql"), *arguments,
        cwd=TOOLS, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(seconds):
            printed, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, printed.decode()
    return printed.decode()
