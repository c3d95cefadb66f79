"""Outages of our own network in which runs fail before it is known: users are not told, administrators once."""

from collections import Counter
from typing import Any

import pytest

from tests.harness import Stack, save_task, wait_until
from tests.maintenance.network_helpers import (
    add_admin,
    look_often,
    run_watched,
    serve_switchable,
    told,
    wait_for_end,
)
from tocsin import clock
from tocsin.documents import Database
from tocsin.maintenance import network_watch
from tocsin.tasks.retry_policy import RetryPolicy

TASKS = 30
DOWN, UP = ("carol", "NETWORK_DOWN"), ("carol", "NETWORK_UP")


@pytest.fixture(autouse=True)
def _look_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs fail before the canaries are asked."""
    look_often(monkeypatch)
    monkeypatch.setattr(network_watch.NetworkWatch, "_has_reason_to_look", _has_none)


async def _has_none(_: Any) -> bool:
    return False


async def _fail_all(process: Stack, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tasks fail before the outage is known, then ask the canaries, and wait until all is taken back."""
    retry = RetryPolicy(0, ())
    tasks = [await save_task(process.database, url, retry=retry) for _ in range(TASKS)]
    process.scheduler.expect_due(clock.now())
    for task in tasks:
        await process.wait_for_runs(task.id, "FAILED")
    monkeypatch.undo()
    look_often(monkeypatch)
    assert await process.network_watch.is_held("127.0.0.1")
    await wait_until(lambda: _are_all(process.database, TASKS, reason="INCONCLUSIVE"))
    await wait_until(lambda: _has_ended(process.database))


async def _are_all(database: Database, count: int, **fields: Any) -> bool:
    return await database.runs.count_documents(fields) == count


async def test_users_are_told_nothing_of_an_outage_and_nothing_when_it_is_over(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_admin("carol")
    async with (
        serve_switchable() as canary,
        serve_switchable(200) as target,
        run_watched(database, canary, incident_group_seconds=2, circuit_failures=0) as process,
    ):
        await canary.close()
        await target.close()
        await _fail_all(process, target.url, monkeypatch)
        assert {alert["ending"] async for alert in database.alerts.find({})} == {"INCONCLUSIVE"}
        assert set(await told(database)) <= {DOWN}
        await target.open()
        await canary.open()
        await wait_until(lambda: _are_all(database, TASKS, status="COMPLETED"), 30)
        await wait_for_end(database)
        await wait_until(lambda: _is_kept(database))
        assert await told(database) == [DOWN, UP]


async def test_a_target_that_is_still_down_is_told_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await add_admin("carol")
    async with (
        serve_switchable() as canary,
        serve_switchable(200) as target,
        run_watched(database, canary, incident_group_seconds=2, circuit_failures=0) as process,
    ):
        await canary.close()
        await target.close()
        await _fail_all(process, target.url, monkeypatch)
        await canary.open()
        await wait_for_end(database)
        await wait_until(lambda: _are_all(database, TASKS, round=1, status="FAILED"), 30)
        await wait_until(lambda: _is_told(database))
        assert Counter(await told(database)) == {DOWN: 1, UP: 1, ("alice", "FAILED_FOR_GOOD"): 1}
        (incident,) = await database.incidents.find({}).to_list()
        assert incident["subject_count"] == TASKS


async def _has_ended(database: Database) -> bool:
    """Tell whether there was an incident, and there is none any more."""
    found = await database.incidents.find({}).to_list()
    return bool(found) and not any(each["open"] or each["pending"] for each in found)


async def _is_kept(database: Database) -> bool:
    return await database.alerts.count_documents({"pending": True}) == 0


async def _is_told(database: Database) -> bool:
    return await database.notifications.count_documents({"owner": "alice"}) > 0
