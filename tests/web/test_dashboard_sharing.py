"""Public links in the dashboard: a status page for everyone, a trigger URL for a program, in Chromium."""

from pathlib import Path

from tests.acceptance.server import run_server
from tests.outbound.servers import answering, response
from tests.web.browser import drive, needs_browser

pytestmark = needs_browser


async def test_links_are_made_used_and_revoked(tmp_path: Path) -> None:
    async with answering(response("204 No Content")) as target, run_server(tmp_path) as server:
        await server.sign_up("alice@example.com")
        await drive("dashboard-sharing.mjs", server, target.url, "alice@example.com", seconds=200)
