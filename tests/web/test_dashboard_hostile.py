"""The dashboard among odd texts and addresses, in Chromium against a real server."""

from pathlib import Path

import pytest

from tests.acceptance.server import run_server
from tests.outbound.servers import answering, response
from tests.web.browser import drive, needs_browser

pytestmark = needs_browser
ODD = (b"<i>no</i><script>alert(4)</script>", "Content-Type: text/html", "X-Odd: <img src=x onerror=alert(5)>")


@pytest.mark.parametrize("scenario", ["markup", "addresses", "fault", "drafts", "views"])
async def test_the_dashboard_stays_what_it_is(tmp_path: Path, scenario: str) -> None:
    refused = response("400 <img src=x onerror=alert(6)>", *ODD)
    async with answering(refused) as target, run_server(tmp_path) as server:
        await server.sign_up("alice@example.com")
        await server.sign_up("bob@example.com")
        await drive("dashboard-hostile.mjs", server, scenario, target.url)
