"""The dashboard in Chromium, against a real server and a target that fails once."""

from pathlib import Path

from tests.acceptance.server import run_server
from tests.outbound.servers import answering, response
from tests.web.browser import drive, needs_browser

pytestmark = needs_browser


async def test_a_task_is_seen_run_retried_and_paused_in_the_dashboard(tmp_path: Path) -> None:
    fails = response("500 Internal Server Error", b"the disk is full")
    async with answering(fails, response("204 No Content")) as target, run_server(tmp_path) as server:
        await drive("dashboard.mjs", server, target.url)
