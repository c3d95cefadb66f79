"""What notifications are sent to, in a process of its own: a mail server and a receiver of webhooks."""

import asyncio
import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import uvloop
from aiohttp import web
from aiosmtpd.smtp import SMTP


@dataclass(frozen=True, slots=True)
class Receivers:
    """The port of the mail server, and the URL that takes webhooks."""

    smtp_port: int
    webhook_url: str


class _Mailbox:
    async def handle_DATA(self, *_: Any) -> str:  # noqa: N802  # aiosmtpd's name
        return "250 OK"


@contextlib.contextmanager
def receiving() -> Iterator[Receivers]:
    """Run both during the block."""
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_run, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def _run(parent: Connection) -> None:
    os.nice(10)  # real ones are elsewhere
    uvloop.run(_serve(parent))


async def _serve(parent: Connection) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(_Mailbox(), hostname="bench", loop=loop), "127.0.0.1", 0)
    runner = web.AppRunner(_make_app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    smtp_port = server.sockets[0].getsockname()[1]
    parent.send(Receivers(smtp_port, f"http://127.0.0.1:{runner.addresses[0][1]}/"))
    await server.serve_forever()


def _make_app() -> web.Application:
    app = web.Application()
    app.router.add_post("/", _take)
    return app


async def _take(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(status=204)
