"""The keys of the dashboard in Chromium, against a real server."""

from pathlib import Path

from tests.acceptance.server import Server, run_server
from tests.web.browser import drive, needs_browser

pytestmark = needs_browser
_CREATE = "mutation($i: CreateTaskInput!) { createTask(input: $i) { userErrors { message } } }"


async def _create_task(server: Server, name: str) -> None:
    http = {"url": server.url.replace("graphql", "live")}
    schedule = {"cron": {"expression": "0 9 1 1 *", "timeZone": "UTC"}}
    answer = await server.query(_CREATE, {"i": {"name": name, "job": {"http": http}, "schedule": schedule}})
    assert answer["createTask"]["userErrors"] == []


async def test_rows_pages_and_tasks_are_reached_by_keys(tmp_path: Path) -> None:
    async with run_server(tmp_path) as server:
        await server.sign_up("alice@example.com")
        for name in ("alpha", "bravo", "charlie"):
            await _create_task(server, name)
        await drive("dashboard-keys.mjs", server, "alice@example.com", "correct horse battery")
