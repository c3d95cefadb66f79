"""The overview of the dashboard in Chromium, against a real server and a target that fails once."""

import asyncio
from pathlib import Path

from tests.acceptance.server import run_server
from tests.outbound.servers import Reader, Writer, answering, read_request, response, talking
from tests.web.browser import drive, needs_browser

pytestmark = needs_browser


async def answer_slowly(reader: Reader, writer: Writer) -> None:
    await read_request(reader)
    await asyncio.sleep(2)
    writer.write(response("204 No Content"))
    await writer.drain()


async def test_the_overview_shows_what_runs_fails_and_is_new(tmp_path: Path) -> None:
    fails = response("500 Internal Server Error", b"the disk is full")
    async with (
        answering(fails, response("204 No Content")) as target,
        talking(answer_slowly) as slow,
        run_server(tmp_path) as server,
    ):
        await drive("dashboard-overview.mjs", server, target.url, slow.url)
