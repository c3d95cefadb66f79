"""A serving process over a real database, from its start to its stop."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pymongo.errors import InvalidOperation

from tests.harness import make_settings, wait_until
from tocsin import documents
from tocsin.config import Settings
from tocsin.errors import StartupError
from tocsin.runtime import Runtime, runtime


@pytest.fixture
def settings(mongodb_uri: str, tmp_path: Path) -> Settings:
    """Settings with a database of their own, which is dropped by `running`."""
    return make_settings(mongodb_uri=mongodb_uri, mongodb_database=f"test_{uuid4().hex[:12]}", data_dir=tmp_path)


async def drop(settings: Settings) -> None:
    assert settings.mongodb_uri is not None
    database = await documents.connect(settings.mongodb_uri.get_secret_value(), settings.mongodb_database)
    await database.client.drop_database(database.name)
    await database.close()


async def test_a_started_process_is_healthy_and_a_stopped_one_has_closed_its_database(settings: Settings) -> None:
    serving = Runtime(settings)
    await serving.start()
    try:
        parts = await serving.check_health()
        assert {name: str(part) for name, part in parts.items()} == {"database": "ready", "scheduler": "ready"}
        assert serving.services.database is serving.process.database is serving.database
        assert not serving.process.engine.in_flight.is_draining
        serving.drain()
        assert serving.process.engine.in_flight.is_draining
    finally:
        await serving.stop()
    with pytest.raises(InvalidOperation):
        await serving.database.users.find_one({})
    await drop(settings)


@pytest.mark.parametrize("part", ["worker", "completer"])
async def test_a_worker_or_completer_that_ended_shows_in_the_health(settings: Settings, part: str) -> None:
    serving = Runtime(settings)
    await serving.start()
    engine = serving.process.engine
    assert engine.is_healthy
    assert engine._completing is not None
    ended = engine._workers[0] if part == "worker" else engine._completing
    ended.cancel()
    await asyncio.wait([ended])
    parts = await serving.check_health()
    assert (parts["workers"].is_healthy, str(parts["workers"])) == (
        False, "a part of the workers has failed; see the log"
    )  # fmt: skip
    await serving.stop()
    await drop(settings)


async def test_an_outage_of_the_network_shows_in_the_health_and_leaves_the_process_ready(settings: Settings) -> None:
    serving = Runtime(settings.model_copy(update={"canary_urls": ("http://canary.invalid/",)}))
    await serving.start()
    try:

        async def shown() -> Any:
            return (await serving.check_health()).get("network")

        network = await wait_until(shown)
        assert network.is_healthy
        assert str(network).endswith("UTC: no canary answers")
    finally:
        await serving.stop()
    await drop(settings)


async def test_a_canary_that_could_never_be_called_is_refused_at_the_start(settings: Settings) -> None:
    serving = Runtime(settings.model_copy(update={"canary_urls": ("http://10.0.0.1/",)}))
    with pytest.raises(StartupError, match=r"^TOCSIN_CANARY_URLS is invalid: 'http://10.0.0.1/' cannot be called\. "):
        await serving.start()
    await drop(settings)


async def test_an_invalid_address_of_the_database_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match=r"^Tocsin cannot start: Invalid URI") as failed:
        await Runtime(make_settings(mongodb_uri="http://localhost", data_dir=tmp_path)).start()
    assert "\n" not in str(failed.value)


async def test_a_start_that_fails_late_stops_what_had_started(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: Any) -> None:
        raise StartupError("no services")

    serving = Runtime(settings)
    monkeypatch.setattr(runtime, "Services", fail)
    with pytest.raises(StartupError, match="no services"):
        await serving.start()
    assert not serving.process.scheduler.is_healthy
    with pytest.raises(InvalidOperation):
        await serving.database.users.find_one({})
    await drop(settings)
