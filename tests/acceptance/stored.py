"""The database of a running server, opened beside it to check what is stored."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tocsin.documents import Database, connect
from tocsin.embedded import find_running_uri


@asynccontextmanager
async def open_stored(data: Path) -> AsyncIterator[Database]:
    """Open the embedded database of the server with this data directory."""
    uri = find_running_uri(data)
    assert uri is not None, "the database does not run"
    database = await connect(uri, "tocsin")
    try:
        yield database
    finally:
        await database.close()
