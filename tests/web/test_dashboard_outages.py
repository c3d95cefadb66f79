"""The dashboard while its server or the network is away, in Chromium against a real server that is killed."""

from pathlib import Path

from tests.acceptance.server import run_server
from tests.conformance.node import run_script
from tests.web.browser import CHROMIUM, drive, needs_browser

pytestmark = needs_browser
SCRIPT = "dashboard-outage.mjs"


async def test_a_page_outlives_a_server_that_is_killed_and_catches_up(tmp_path: Path) -> None:
    async with run_server(tmp_path) as server:
        await server.sign_up()
        async with run_script(SCRIPT, str(CHROMIUM), server.url.removesuffix("/graphql"), "killed") as script:
            assert await script.line() == "kill"
            await server.kill()
            await script.send_line("it is killed")
            assert await script.line() == "start"
            await server.start()
            await script.send_line("it is back")
            (figures,) = await script.lines()
            print(figures)


async def test_a_page_outlives_a_lost_network_and_catches_up(tmp_path: Path) -> None:
    async with run_server(tmp_path) as server:
        await server.sign_up()
        print(await drive(SCRIPT, server, "offline"))
