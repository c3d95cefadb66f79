"""The state of the parts of a process, with a database that answers and with one that does not."""

from typing import Any

import pytest
from pymongo import AsyncMongoClient

from tests.tasks.helpers import add_run, save_hourly_task
from tocsin import telemetry
from tocsin.documents import Database, RunStatus
from tocsin.runtime import health
from tocsin.runtime.health import ComponentHealth, HealthCheck, refresh_metrics


@pytest.fixture
async def dead_database(mongodb_uri: str) -> Database:
    """A database that does not answer, because its client is closed."""
    client: AsyncMongoClient[Any] = AsyncMongoClient(mongodb_uri)
    await client.close()
    return Database(client, client["dead"], mongodb_uri, "dead")


def no_parts() -> dict[str, ComponentHealth]:
    return {}


async def add_queued_runs(database: Database, count: int) -> None:
    task = await save_hourly_task(database)
    for _ in range(count):
        await add_run(database, task.id, RunStatus.QUEUED)


async def test_the_state_of_the_other_parts_is_added_to_that_of_the_database(database: Database) -> None:
    check = HealthCheck(database, lambda: {"scheduler": ComponentHealth(False)}, lambda: "unused")
    parts = await check.check()
    assert {name: (part.is_healthy, str(part)) for name, part in parts.items()} == {
        "database": (True, "ready"), "scheduler": (False, "unavailable")
    }  # fmt: skip


@pytest.mark.parametrize(("problem", "shown"), [("the disk is full", "the disk is full"), (None, "unavailable")])
async def test_a_database_that_does_not_answer_is_shown_with_what_is_known(
    dead_database: Database, problem: str | None, shown: str
) -> None:
    parts = await HealthCheck(dead_database, no_parts, lambda: problem).check()
    assert {name: (part.is_healthy, str(part)) for name, part in parts.items()} == {"database": (False, shown)}


async def test_waiting_runs_are_counted_up_to_a_limit(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await add_queued_runs(database, 2)
    parts = await HealthCheck(database, no_parts, lambda: None).check()
    assert parts["runs"].is_healthy
    assert str(parts["runs"]).startswith("2 waiting for a worker")
    monkeypatch.setattr(health, "MAX_COUNTED_RUNS", 2)
    parts = await HealthCheck(database, no_parts, lambda: None).check()
    assert str(parts["runs"]).startswith("2 or more waiting for a worker")


async def test_parts_are_asked_again_only_when_the_answer_is_old(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    def count_questions() -> dict[str, ComponentHealth]:
        nonlocal asked
        asked += 1
        return {}

    monkeypatch.setattr(health, "CACHE_SECONDS", 60)
    check = HealthCheck(database, count_questions, lambda: None)
    assert await check.check() == await check.check()
    assert asked == 1
    monkeypatch.setattr(health, "CACHE_SECONDS", 0)
    await check.check()
    assert asked == 2


async def test_metrics_keep_their_values_while_the_database_is_away(
    database: Database, dead_database: Database
) -> None:
    await add_queued_runs(database, 3)
    await refresh_metrics(database)
    await refresh_metrics(dead_database)
    assert telemetry.RUNS_QUEUED._value.get() == 3
