"""The administration in the dashboard, in Chromium against a real server: for carol, and not for bob."""

from pathlib import Path

from tests.acceptance.server import run_server
from tests.web.browser import drive, needs_browser

pytestmark = needs_browser


async def test_administrators_manage_users_and_others_are_refused(tmp_path: Path) -> None:
    async with run_server(tmp_path) as server:
        for name in ("bob", "carol", "dora"):
            await server.sign_up(f"{name}@example.com")
            server.token = None
        for name in ("carol", "dora"):
            await server.run_command("users", "promote", f"{name}@example.com")
        await drive("dashboard-admin.mjs", server, seconds=200)
