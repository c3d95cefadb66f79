"""An application served by uvicorn on loopback, in the event loop of the test."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import uvicorn
from starlette.types import ASGIApp

from tocsin.config import Settings
from tocsin.web.server import make_uvicorn_config


@contextlib.asynccontextmanager
async def serve_app(app: ASGIApp, settings: Settings, port: int = 0) -> AsyncIterator[str]:
    """Serve the application on this port, by default a free one, and yield its URL."""
    config = make_uvicorn_config(app, settings)
    config.port = port
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        if serving.done():
            await serving  # it raises why it could not start
            raise AssertionError("the server ended instead of starting")
        await asyncio.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        serving.cancel()  # its own loop looks only every 100 ms whether it is to end
        await asyncio.gather(serving, return_exceptions=True)
        await _close(server)


async def _close(server: uvicorn.Server) -> None:
    """Close the connections as `Server.shutdown` does, which waits 100 ms even if all are closed at once."""
    for listener in server.servers:
        listener.close()
    for connection in list(server.server_state.connections):
        connection.shutdown()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.1):
            while server.server_state.connections or server.server_state.tasks:
                await asyncio.sleep(0.001)
