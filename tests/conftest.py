"""Shared fixtures: one real embedded database a session, one database of its own for each test."""

import asyncio
import os
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.harness import Stack, Target, run_stack, serve_target
from tocsin import documents
from tocsin.embedded import EmbeddedDatabase

# The same examples each time, unless asked for others, so that a change is judged by what it changed; and a
# busy machine is no finding. `HYPOTHESIS_PROFILE=search` looks for new ones; scripts/test --long sets it.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("gate", _PATIENT, derandomize=True)
settings.register_profile("search", _PATIENT, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))


@pytest.fixture(autouse=True)
def _loggers_are_not_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep loggers that a test made, by configuring logging as commands do, from hiding lines from later tests."""
    configure = structlog.configure
    monkeypatch.setattr(
        structlog, "configure", lambda **given: configure(**given | {"cache_logger_on_first_use": False})
    )


@pytest.fixture(scope="session")
def mongodb_uri() -> Iterator[str]:
    """A database server: TOCSIN_TEST_MONGODB_URI if it is set, else an embedded one for this session."""
    given = os.environ.get("TOCSIN_TEST_MONGODB_URI")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="tocsin-test-") as directory:
        yield from _embedded(Path(directory))


def _embedded(directory: Path) -> Iterator[str]:
    """Runs in a loop of its own beside the tests', so that the server's supervisor is always served."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    server = EmbeddedDatabase(directory, authenticate=False)
    loop.run_until_complete(server.start())  # spawned from the main thread: its death signal follows that thread
    thread.start()
    yield server.uri
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
async def database(mongodb_uri: str) -> AsyncIterator[documents.Database]:
    """An empty database, dropped afterwards."""
    opened = await documents.connect(mongodb_uri, f"test_{uuid4().hex[:12]}")
    yield opened
    await opened.client.drop_database(opened.name)
    await opened.close()


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    """An HTTP server to be called."""
    async with serve_target() as running:
        yield running


@pytest.fixture
async def stack(database: documents.Database) -> AsyncIterator[Stack]:
    """A working process over an empty database."""
    async with run_stack(database) as running:
        yield running
