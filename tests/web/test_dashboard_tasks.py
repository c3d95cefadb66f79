"""Tasks, runs and the history in the dashboard: thousands of tasks in Chromium, against a real server."""

from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.server import Server, run_server
from tests.outbound.servers import answering, response
from tests.web.browser import drive, needs_browser

pytestmark = needs_browser
BATCH = 250
_CREATE = """mutation($i: CreateTasksInput!) { createTasks(input: $i) {
  results { userErrors { message } } userErrors { message } } }"""


def _tasks(url: str, count: int) -> list[dict[str, Any]]:
    """Return tasks of which the first 120 have a tag, and one has a name that a spreadsheet would run."""
    http = {"url": url, "method": "POST", "token": "s3cret", "body": {"it's": 1}}
    hourly = {"every": {"interval": "PT1H"}}
    numbered: list[dict[str, Any]] = [
        {"name": f"task {n:05}", "job": {"http": http}, "schedule": hourly, "tags": ["few"] if n < 120 else []}
        for n in range(1, count)
    ]
    weekdays = {"cron": {"expression": "0 9 * * 1-5", "timeZone": "Europe/Berlin"}}
    named = {"name": "=formula()", "description": "Rings at night.", "tags": ["few"]}
    return [{**named, "job": {"http": http}, "schedule": weekdays}, *numbered]


async def _store(server: Server, tasks: list[dict[str, Any]]) -> None:
    for start in range(0, len(tasks), BATCH):
        answer = await server.query(_CREATE, {"i": {"tasks": tasks[start : start + BATCH]}})
        assert answer["createTasks"]["userErrors"] == []


@pytest.mark.parametrize("count", [5_250, pytest.param(10_000, marks=pytest.mark.long)])  # it counts to 5,000
async def test_thousands_of_tasks_are_listed_changed_run_and_exported(tmp_path: Path, count: int) -> None:
    async with answering(response("204 No Content")) as target, run_server(tmp_path) as server:
        await server.sign_up("alice@example.com")
        await _store(server, _tasks(target.url, count))
        given = ("alice@example.com", "correct horse battery", f"task {count - 1:05}")
        print(await drive("dashboard_tasks.mjs", server, *given, seconds=400))
