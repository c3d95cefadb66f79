"""The exported collections, run from start to end by the programs that they are made for."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.acceptance.server import Server, run_server
from tests.conformance.node import TOOLS, needs_node

pytestmark = needs_node
EXAMPLES = TOOLS.parents[1] / "docs" / "examples"
PROGRAMS = TOOLS / "node_modules" / ".bin"


async def run(program: str, server: Server, email: str, *arguments: str) -> tuple[int, str]:
    """Run newman or bru against this server. Return its exit code and output."""
    base = server.url.removesuffix("/graphql")
    process = await asyncio.create_subprocess_exec(
        PROGRAMS / program, "run", *arguments, "--env-var", f"baseUrl={base}", "--env-var", f"email={email}",
        cwd=EXAMPLES / "bruno", env={**os.environ, "NO_COLOR": "1"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    async with asyncio.timeout(180):
        output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def test_they_run_green_from_start_to_end(tmp_path: Path) -> None:
    async with run_server(tmp_path) as server:
        newman, bru = await asyncio.gather(
            run("newman", server, "newman@example.com", "../tocsin.postman_collection.json"),
            run("bru", server, "bru@example.com"),
        )
        assert newman[0] == 0, newman[1][-5000:]
        assert bru[0] == 0, bru[1][-5000:]
        for output in (newman[1], bru[1]):
            assert output.count("it ends") == 2
            assert "run.status is FAILED" in output
            assert "workflowRun.status is COMPLETED" in output


@pytest.mark.parametrize(
    ("program", "arguments"),
    [
        ("bru", ("09-run-a-task-now.bru",)),
        pytest.param(
            "newman", ("../tocsin.postman_collection.json", "--folder", "Run a task now"), marks=pytest.mark.long
        ),
    ],
)
async def test_out_of_order_they_say_what_to_send_first(
    tmp_path: Path, program: str, arguments: tuple[str, ...]
) -> None:
    async with run_server(tmp_path, TOCSIN_ACCESS_LOG="true") as server:
        code, output = await run(program, server, "reader@example.com", *arguments)
        assert code == 1, output
        assert 'Send "Sign up" first.' in output
        assert "path=/graphql" not in server.log.read_text()
