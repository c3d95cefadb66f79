"""The API fixture of the GraphQL tests, and bare connections to it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.graphql.conftest import Api, api, settings

__all__ = ["api", "settings"]


class Answer:
    """A parsed HTTP response."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def code(self) -> str:
        """Return the code of the only error, after checking what all error responses have in common."""
        assert self.headers["content-type"].startswith("application/"), self.headers
        assert self.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in self.headers["content-security-policy"]
        assert "server" not in self.headers
        (error,) = json.loads(self.body)["errors"]
        assert error["message"]
        return str(error["extensions"]["code"])


class Raw:
    """A bare TCP connection. No wait is longer than ten seconds."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def send(self, data: bytes | str) -> None:
        """Send data, even if the server has closed the connection."""
        self.writer.write(data if isinstance(data, bytes) else data.encode())
        await self.writer.drain()

    async def answer(self, *, bodiless: bool = False) -> Answer:
        """Read the next response."""
        async with asyncio.timeout(10):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.split("\r\n")[:-2]
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            body = b"" if bodiless else await self._body(headers)
        return Answer(int(first.split(" ")[1]), headers, body)

    async def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding") != "chunked":
            return await self._reader.readexactly(int(headers.get("content-length", 0)))
        body = b""
        while size := int(await self._reader.readline(), 16):
            body += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readline()
        return body

    async def line(self) -> str:
        """Read the next line."""
        async with asyncio.timeout(10):
            return (await self._reader.readline()).decode().strip()

    async def rest(self) -> bytes:
        """Read until the server closes the connection."""
        async with asyncio.timeout(10):
            return await self._reader.read()


Connect = Callable[[], AbstractAsyncContextManager[Raw]]


@pytest.fixture
def connect(api: Api) -> Connect:
    """Return a function that opens bare connections to the API."""
    address: Any = urlsplit(api.url)

    @asynccontextmanager
    async def opened() -> AsyncIterator[Raw]:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        try:
            yield Raw(reader, writer)
        finally:
            writer.close()

    return opened
