"""Every page of the dashboard is as wide as its window, readable for everybody, and asks nobody else for anything."""

import os
from pathlib import Path

from tests.acceptance.server import run_server
from tests.web.browser import drive, needs_browser
from tests.web.test_dashboard_incidents import target_that_is_down

pytestmark = needs_browser
ALICE = "alice@example.com"


async def test_all_pages_fit_telephones_and_screens_and_pass_the_audit_of_accessibility(tmp_path: Path) -> None:
    """With the variable PICTURES, it writes pictures of all pages into this directory."""
    async with target_that_is_down() as target, run_server(tmp_path) as server:
        await server.sign_up(ALICE)
        await server.run_command("users", "promote", ALICE)
        await server.run_command("samples", "load", ALICE)
        await drive("dashboard-pages.mjs", server, target, os.environ.get("PICTURES", ""), seconds=400)
