"""The target of all calls: a small HTTP server in its own process, so that its CPU time is not the caller's."""

import asyncio
import contextlib
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import cast

import uvloop

_RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
_END = b"\r\n\r\n"


class _TargetProtocol(asyncio.Protocol):
    """Responds to each request without a body after `delay` seconds, also on connections that are kept alive."""

    def __init__(self, delay: float) -> None:
        self._delay = delay

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not inherit from it
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        *requests, self._rest = (self._rest + data).split(_END)
        response = _RESPONSE * len(requests)
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._transport.write, response)
        else:
            self._transport.write(response)


@contextlib.contextmanager
def running(delay: float = 0.0) -> Iterator[str]:
    """Run a target that responds after `delay` seconds, and yield its URL."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, delay), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/"
    finally:
        process.terminate()
        process.join()


def _serve(parent: Connection, delay: float) -> None:
    uvloop.run(_listen(parent, delay))


async def _listen(parent: Connection, delay: float) -> None:
    server = await asyncio.get_running_loop().create_server(
        lambda: _TargetProtocol(delay), "127.0.0.1", 0, backlog=1000
    )
    parent.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()
