"""The focus in the dashboard, and what is asked before a page is left, in Chromium against a real server."""

from pathlib import Path

from tests.acceptance.server import run_server
from tests.web.browser import drive, needs_browser

pytestmark = needs_browser


async def test_the_focus_is_kept_and_nothing_is_left_without_a_question(tmp_path: Path) -> None:
    async with run_server(tmp_path) as server:
        await server.sign_up()
        await drive("dashboard-focus.mjs", server, seconds=200)
