"""A connection to the database that a test can cut and restore."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pymongo
from pymongo import AsyncMongoClient

from tocsin.documents import Database


class Relay:
    """A TCP relay to the database. While it is cut, connections are refused and counted; while it stalls, all wait."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: set[asyncio.StreamWriter] = set()
        self.refused: int | None = None
        self._flows = asyncio.Event()
        self._flows.set()
        self.holding = asyncio.Event()
        """Set when the relay holds something back, because it stalls."""

    def cut(self) -> None:
        self.refused = 0
        for writer in self._open:
            writer.transport.abort()

    def restore(self) -> None:
        self.refused = None

    def stall(self) -> None:
        self._flows.clear()

    def go_on(self) -> None:
        self._flows.set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refused is not None:
            self.refused += 1
            writer.transport.abort()
            return
        onward = await asyncio.open_connection("127.0.0.1", self._port)
        pair = {writer, onward[1]}
        self._open |= pair
        await asyncio.gather(self._copy(reader, onward[1]), self._copy(onward[0], writer))
        self._open -= pair

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                if not self._flows.is_set():
                    self.holding.set()
                    await self._flows.wait()
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def relayed(database: Database) -> AsyncIterator[tuple[Relay, Database]]:
    """Yield a relay, and a client with short timeouts for the database behind it."""
    parts = pymongo.uri_parser.parse_uri(database.uri)
    host, port = parts["nodelist"][0]
    login = {name: parts[name] for name in ("username", "password") if parts[name]}
    assert host in ("127.0.0.1", "localhost")
    relay = Relay(port)
    server = await asyncio.start_server(relay.accept, "127.0.0.1", 0)
    client: AsyncMongoClient[Any] = AsyncMongoClient(
        "127.0.0.1", server.sockets[0].getsockname()[1], directConnection=True, tz_aware=True,
        serverSelectionTimeoutMS=100, heartbeatFrequencyMS=500, **login,
    )  # fmt: skip
    yield relay, Database(client, client[database.name], database.uri, database.name)
    await client.close()
    relay.cut()
    server.close()
    await server.wait_closed()
