"""What is deleted in the dashboard, and undone, in Chromium against a real server."""

from pathlib import Path

from tests.acceptance.server import run_server
from tests.web.browser import drive, needs_browser

pytestmark = needs_browser


async def test_what_is_deleted_can_be_undone_for_ten_seconds(tmp_path: Path) -> None:
    async with run_server(tmp_path) as server:
        await server.sign_up()
        await drive("dashboard-undo.mjs", server, seconds=200)
