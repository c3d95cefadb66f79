"""The pages of workflows in Chromium, against a real server and a target that fails once."""

from pathlib import Path

from tests.acceptance.server import run_server
from tests.outbound.servers import answering, response
from tests.web.browser import drive, needs_browser

pytestmark = needs_browser
ALICE = "alice@example.com"


async def test_workflows_are_run_decided_resumed_and_edited_in_the_dashboard(tmp_path: Path) -> None:
    works, fails = response("204 No Content"), response("500 Internal Server Error", b"the disk is full")
    async with answering(works, works, fails, works) as target, run_server(tmp_path) as server:
        await server.sign_up(ALICE)
        await server.run_command("samples", "load", ALICE)
        await drive("workflows.mjs", server, target.url, ALICE, "correct horse battery", seconds=240)
