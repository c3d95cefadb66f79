"""Shared fixtures: an embedded database server per session, and a separate database for each test."""

import asyncio
import gc
import os
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import structlog
from beanie import init_beanie
from hypothesis import HealthCheck, settings
from pymongo.asynchronous.database import AsyncDatabase

from tests.harness import Stack, TargetServer, run_stack, serve_target
from tocsin import documents
from tocsin.documents import connections
from tocsin.embedded import EmbeddedDatabase
from tocsin.security import passwords

# Examples are the same in every run, so that failures are caused by the change under test, and slow ones are not
# failures. `HYPOTHESIS_PROFILE=search` generates new examples; scripts/test --long sets it.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("gate", _PATIENT, derandomize=True)
settings.register_profile("search", _PATIENT, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))


def pytest_collection_finish() -> None:
    """Keep the garbage collector from looking again and again at what lives as long as the session."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


@pytest.fixture(autouse=True)
def _loggers_are_not_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable caching, so that loggers of a test that configures logging do not hide lines from later tests."""
    configure = structlog.configure
    monkeypatch.setattr(
        structlog, "configure", lambda **given: configure(**given | {"cache_logger_on_first_use": False})
    )


@pytest.fixture(autouse=True)
def password_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords at a low cost. Tests of the hashes themselves override this fixture."""
    cheap = passwords._ARGON2.using(memory_cost=64, rounds=1, parallelism=1)
    monkeypatch.setattr(passwords, "_ARGON2", cheap)


@pytest.fixture(scope="session", autouse=True)
def _models_are_inspected_once() -> Iterator[None]:
    """Let Beanie inspect the classes of the models for the first database only, and bind them to each later one."""
    inspected = False

    async def bind(database: AsyncDatabase[Any], document_models: list[Any], **options: Any) -> None:
        nonlocal inspected
        if not inspected:
            await init_beanie(database=database, document_models=document_models, **options)
            inspected = True
        for model in document_models:
            model.set_database(database)
            model.set_collection(database[model.get_settings().name])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connections, "init_beanie", bind)
        yield


@pytest.fixture(scope="session")
def mongodb_uri() -> Iterator[str]:
    """URI of a database server: TOCSIN_TEST_MONGODB_URI if it is set, else an embedded one for this session."""
    given = os.environ.get("TOCSIN_TEST_MONGODB_URI")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="tocsin-test-") as directory:
        yield from _embedded(Path(directory))


def _embedded(directory: Path) -> Iterator[str]:
    """Run the server in a separate event loop, so that its supervisor is never blocked by tests."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    server = EmbeddedDatabase(directory, authenticate=False)
    loop.run_until_complete(server.start())  # spawned from the main thread, whose end triggers its death signal
    thread.start()
    yield server.uri
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
async def database(mongodb_uri: str) -> AsyncIterator[documents.Database]:
    """An empty database that is dropped afterwards."""
    opened = await documents.connect(mongodb_uri, f"test_{uuid4().hex[:12]}")
    yield opened
    await opened.client.drop_database(opened.name)
    await opened.close()


@pytest.fixture
async def target() -> AsyncIterator[TargetServer]:
    """An HTTP server for tasks to call."""
    async with serve_target() as running:
        yield running


@pytest.fixture
async def stack(database: documents.Database) -> AsyncIterator[Stack]:
    """The parts of a process over an empty database."""
    async with run_stack(database) as running:
        yield running
