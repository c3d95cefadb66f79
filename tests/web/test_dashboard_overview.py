"""The overview of the dashboard in Chromium, against a real server and a target that fails once."""

from pathlib import Path

from tests.acceptance.server import run_server
from tests.outbound.servers import answering, response
from tests.web.browser import drive, needs_browser

pytestmark = needs_browser


async def test_the_overview_shows_what_runs_fails_and_is_new(tmp_path: Path) -> None:
    fails = response("500 Internal Server Error", b"the disk is full")
    async with answering(fails, response("204 No Content")) as target, run_server(tmp_path) as server:
        await drive("dashboard-overview.mjs", server, target.url)
