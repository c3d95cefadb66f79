"""Several tabs of the dashboard in one browser, in Chromium against a real server."""

from pathlib import Path

from tests.acceptance.server import run_server
from tests.web.browser import drive, needs_browser

pytestmark = needs_browser


async def test_tabs_show_each_others_changes_and_share_the_session(tmp_path: Path) -> None:
    async with run_server(tmp_path) as server:
        await server.sign_up()
        print(await drive("dashboard-tabs.mjs", server))
