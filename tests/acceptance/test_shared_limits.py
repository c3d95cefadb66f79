"""Three servers over one database: the limit of a host holds at the host, while one is killed and one stopped."""

import asyncio
import base64
from pathlib import Path
from uuid import uuid4

from aiohttp import web

from tests.acceptance.server import Server
from tests.harness import wait_until

LIMIT, TASKS, SECONDS = 3, 40, 0.4
_CREATE = "mutation($i: CreateTasksInput!) { createTasks(input: $i) { userErrors { message } } }"
_DONE = "{ runs(filter: {status: [COMPLETED]}) { totalCount } }"


class CountingTarget:
    """A slow HTTP server that counts its calls, and notes the most at one time."""

    def __init__(self) -> None:
        self.calls = self.current = self.most = 0
        self.url = ""

    async def handle(self, _: web.Request) -> web.Response:
        self.calls, self.current = self.calls + 1, self.current + 1
        self.most = max(self.most, self.current)
        try:
            await asyncio.sleep(SECONDS)
        finally:
            self.current -= 1
        return web.Response()

    async def serve(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_get("/", self.handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        return runner


def new_server(directory: Path, database: str, uri: str) -> Server:
    directory.mkdir()
    return Server(
        directory, TOCSIN_MONGODB_URI=uri, TOCSIN_MONGODB_DATABASE=database, TOCSIN_JWT_SECRET="s" * 32,
        TOCSIN_ENCRYPTION_KEY=base64.b64encode(bytes(32)).decode(), TOCSIN_LEASE_SECONDS="2",
        TOCSIN_HOST_CONCURRENCY=str(LIMIT), TOCSIN_OWNER_SHARE="1",
    )  # fmt: skip


async def test_a_hosts_limit_holds_at_the_host_while_servers_come_and_go(tmp_path: Path, mongodb_uri: str) -> None:
    target, database = CountingTarget(), f"test_{uuid4().hex[:12]}"
    serving = await target.serve()
    first, killed, stopped = (new_server(tmp_path / name, database, mongodb_uri) for name in ("a", "b", "c"))
    try:
        await first.launch()
        await wait_until(first.ready, 60)
        await first.sign_up()
        task = {"job": {"http": {"url": target.url}}, "schedule": {"now": True}}
        await first.query(_CREATE, {"i": {"tasks": [{"name": f"t{number}", **task} for number in range(TASKS)]}})
        await asyncio.gather(killed.launch(), stopped.launch())  # they join while the first one is alone and busy
        await asyncio.gather(wait_until(killed.ready, 60), wait_until(stopped.ready, 60))
        await first.query(_CREATE, {"i": {"tasks": [{"name": f"u{number}", **task} for number in range(TASKS)]}})
        started = target.calls

        async def goes_on() -> bool:
            return target.calls >= started + 2 * LIMIT

        await wait_until(goes_on, 30)
        await killed.kill()
        await stopped.stop()

        async def done() -> bool:
            return bool((await first.query(_DONE))["runs"]["totalCount"] >= 2 * TASKS)

        await wait_until(done, 90)
        assert target.most == LIMIT
    finally:
        for server in (first, killed, stopped):
            if server.process is not None and server.process.returncode is None:
                await server.kill()
        await serving.cleanup()
