"""Servers of embedded databases, and what they hold."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pymongo import AsyncMongoClient

from tocsin.embedded import EmbeddedDatabase
from tocsin.errors import EmbeddedDatabaseError


@asynccontextmanager
async def started(directory: Path) -> AsyncIterator[EmbeddedDatabase]:
    server = EmbeddedDatabase(directory)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def count(uri: str) -> int:
    async with AsyncMongoClient[dict[str, int]](uri, serverSelectionTimeoutMS=5000) as client:
        return await client["app"]["things"].count_documents({})


async def insert(uri: str, documents: int) -> None:
    async with AsyncMongoClient[dict[str, int]](uri, serverSelectionTimeoutMS=5000) as client:
        for number in range(documents):
            await client["app"]["things"].insert_one({"number": number})


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def refused(directory: Path) -> str:
    """Return the error of a refused start, which must come soon and leave nothing running."""
    server = EmbeddedDatabase(directory)
    async with asyncio.timeout(8):
        with pytest.raises(EmbeddedDatabaseError) as error:
            await server.start()
    assert server.pid is None
    assert str(directory) in str(error.value)
    return str(error.value)
