"""Dashboard (s): what its first visit costs, how soon data and changes are shown, and what it holds while runs end."""

import argparse
import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import target
from benchmarks.table import Row, text
from tests.acceptance.server import Server, run_server
from tests.web.browser import drive

RUNS_A_SECOND = 10
_EMAIL, _PASSWORD = "alice@example.com", "correct horse battery"  # of an account of this measurement
_CREATE = """mutation($i: CreateTasksInput!) { createTasks(input: $i) {
  results { userErrors { message } } userErrors { message } } }"""


async def _create_tasks(server: Server, url: str) -> None:
    """Create the tasks that run each second, whose events the dashboard gets."""
    every = {"every": {"interval": "PT1S"}}
    tasks = [{"name": f"task {n}", "job": {"http": {"url": url}}, "schedule": every} for n in range(RUNS_A_SECOND)]
    await server.query(_CREATE, {"i": {"tasks": tasks}})


def measure(seconds: int = 240) -> list[Row]:
    """Return the figures of a page in Chromium that is open for so many seconds."""
    return asyncio.run(_measure(seconds))


async def _measure(seconds: int) -> list[Row]:
    with target.running() as url, tempfile.TemporaryDirectory() as directory:
        async with run_server(Path(directory)) as server:
            await server.sign_up(_EMAIL)
            await _create_tasks(server, url)
            printed = await drive(
                "dashboard-figures.mjs", server, _EMAIL, _PASSWORD, str(seconds), seconds=seconds + 300
            )
    return make_rows(json.loads(printed.strip().splitlines()[-1]), seconds)


def make_rows(figures: dict[str, Any], seconds: int) -> list[Row]:
    """Return the rows of the figures that the browser printed."""
    first, memory = figures["first"], figures["memory"]
    before, middle, after = memory["before"], memory["middle"], memory["after"]
    return [
        Row("(s) first visit: kB compressed", first["bytes"] / 1000, goal="< 100"),
        Row("    requests", first["requests"]),
        Row("    until the form, ms", first["took"]),
        Row("sign-in until data, ms", figures["signIn"], goal="< 1,000"),
        Row("reload until data, ms", figures["reload"], goal="< 1,000"),
        Row("a change until it is shown, ms", figures["change"], goal="< 1,000"),
        Row("JavaScript heap after the first minute, MiB", before["heap"]),
        Row(f"    after {seconds // 2:,} s with {RUNS_A_SECOND} runs a second", middle["heap"]),
        Row(f"    after {seconds:,} s with {RUNS_A_SECOND} runs a second", after["heap"]),
        Row("nodes of the document and detached ones, first", before["nodes"]),
        Row("    at the end", after["nodes"]),
        Row("listeners, first", before["listeners"]),
        Row("    at the end", after["listeners"]),
    ]


def main() -> None:
    """Print the figures as a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=240, help="how long the page stays open")
    print(text(measure(parser.parse_args().seconds)))


if __name__ == "__main__":
    main()
