"""Many subscribers in a process of their own, which cost this machine little: they read all, and decode nothing."""

import asyncio
import base64
import contextlib
import json
import os
import time
from multiprocessing.connection import Connection
from typing import Any

from websockets.frames import Frame, Opcode

from benchmarks.server import Server

OPENING = 20
"""Subscribers that connect at a time. Each waits until it is accepted, so that the server has no backlog of them."""
EVENTS = (
    "subscription { taskEvents { kind at taskStatus runStatus task { id name status nextRunAt }"
    " run { id status dueAt startedAt finishedAt attempts { number outcome } } } }"
)


class _Listener(asyncio.Protocol):
    """A subscriber that costs this machine as little as one elsewhere: it reads everything and understands nothing."""

    def __init__(self, token: str) -> None:
        self._token = token
        loop = asyncio.get_running_loop()
        self.subscribed: asyncio.Future[None] = loop.create_future()
        self.lost: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        lines = ["GET /graphql HTTP/1.1", "Host: bench", "Upgrade: websocket", "Connection: Upgrade"]
        lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        transport.write("\r\n".join([*lines, "Sec-WebSocket-Protocol: graphql-transport-ws", "", ""]).encode())
        self._answered = False

    def data_received(self, data: bytes) -> None:
        if not self._answered:
            self._answered = True
            self._send(type="connection_init", payload={"Authorization": f"Bearer {self._token}"})
        elif b"connection_ack" in data:
            self._send(type="subscribe", id="1", payload={"query": EVENTS})
            self.subscribed.set_result(None)
        elif data[0] == 0x89:  # a ping
            self._transport.write(Frame(Opcode.PONG, data[2 : 2 + data[1]]).serialize(mask=True))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.lost.set_result(None)

    def _send(self, **message: Any) -> None:
        self._transport.write(Frame(Opcode.TEXT, json.dumps(message).encode()).serialize(mask=True))


async def _come_and_go(server: Server, token: str, stay: float, offset: float, opening: asyncio.Semaphore) -> None:
    """Subscribe again and again, reading everything."""
    first = stay / 2 + offset if stay else None
    while True:
        make = lambda: _Listener(token)  # noqa: E731
        async with opening:
            transport, listener = await asyncio.get_running_loop().create_connection(make, server.host, server.port)
            await asyncio.wait([listener.subscribed, listener.lost], return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait([listener.lost], timeout=first)
        transport.close()
        first = stay or None


def run_crowd(server: Server, tokens: list[str], subscribers: int, stay: float, parent: Connection) -> None:
    """Subscribe so many at a time, each for `stay` seconds (0: for ever), until killed.

    Sends the parent the seconds that each took to subscribe, several at a time, when all have.
    """
    os.nice(10)  # real subscribers are elsewhere
    asyncio.run(_subscribe_all(server, tokens, subscribers, stay, parent))


async def _subscribe_all(server: Server, tokens: list[str], subscribers: int, stay: float, parent: Connection) -> None:
    opening = asyncio.Semaphore(OPENING)
    tasks = []
    begun = time.monotonic()
    for number in range(subscribers):
        offset = number * stay / subscribers / 2
        token = tokens[number % len(tokens)]
        tasks.append(asyncio.create_task(_come_and_go(server, token, stay, offset, opening)))
        await asyncio.sleep(0.005)
    async with contextlib.AsyncExitStack() as all_open:
        for _ in range(OPENING):
            await all_open.enter_async_context(opening)
    parent.send((time.monotonic() - begun) / subscribers)
    await asyncio.gather(*tasks)
