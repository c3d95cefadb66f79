"""Incidents and dead letters in the dashboard, against a real server and a target that is down and then mended."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from tests.acceptance.server import run_server
from tests.web.browser import drive, needs_browser

pytestmark = needs_browser


@asynccontextmanager
async def target_that_is_down() -> AsyncIterator[str]:
    """Serve a target that answers 503 until somebody asks for `/mend`."""
    mended = False

    async def answer(request: web.Request) -> web.Response:
        nonlocal mended
        mended = mended or request.path == "/mend"
        return web.Response(status=200 if mended else 503)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_an_outage_is_followed_from_its_incident_to_the_replay_of_what_it_cost(tmp_path: Path) -> None:
    async with target_that_is_down() as target, run_server(tmp_path) as server:
        await server.sign_up()
        await drive("dashboard-incidents.mjs", server, target)
