"""The target of all calls: a small HTTP server in its own process, so that its CPU time is not the caller's."""

import asyncio
import contextlib
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import cast

import uvloop

MISSING, BROKEN = "missing", "broken"
"""The paths of which the target says that there is nothing (404), and that it is out of order (503)."""
_HEAD = "HTTP/1.1 {}\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
_OK = _HEAD.format("200 OK").encode()
_FAILURES = {
    f"GET /{MISSING} ".encode(): _HEAD.format("404 Not Found").encode(),
    f"GET /{BROKEN} ".encode(): _HEAD.format("503 Service Unavailable").encode(),
}
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
        response = b"".join(_FAILURES.get(request.partition(b"HTTP/")[0], _OK) for request in requests)
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
