"""Tasks that pause themselves because our own network was down, before that is known: they are resumed."""

import pytest

from tests.maintenance.network_helpers import look_often, serve_switchable, told
from tests.maintenance.test_inconclusive_runs import Watch, add_failed_run
from tests.outbound.servers import open_shared_client
from tests.tasks.helpers import load_task, save_hourly_task
from tocsin import clock
from tocsin.documents import Database
from tocsin.tasks import lifecycle, reconciliation


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    look_often(monkeypatch)


@pytest.mark.parametrize("real", [0, 1, 2])
@pytest.mark.parametrize("is_told", [False, True])
async def test_a_pause_that_only_inconclusive_runs_have_caused_is_undone(
    database: Database, real: int, is_told: bool
) -> None:
    task = await save_hourly_task(database, pause_after=2)
    run = await add_failed_run(database, task)
    pause = {"run": run["_id"], "failures": 2 + real, "at": clock.now(), "is_told": is_told}
    paused = {"hold": "PAUSED", "pause_reason": "CONSECUTIVE_FAILURES", "self_pause": pause, "next_run_at": None}
    counted = {"consecutive_failures": 1 + real, "reconcile": not is_told}
    await database.tasks.update_one({"_id": task.id}, {"$set": paused | counted})
    async with serve_switchable() as canary, open_shared_client() as client:
        await canary.close()
        await Watch(database, client, canary.url, "w").step(2)
    after = await load_task(database, task.id)
    if real == 2:
        assert (after["hold"], after["self_pause"]) == ("PAUSED", pause)
    else:
        assert (after["hold"], after["pause_reason"], after["self_pause"]) == (None, None, None)
        assert after["next_run_at"] == task.next_run_at
    assert after["consecutive_failures"] == real
    assert await told(database) == []


async def test_a_pause_by_the_owner_is_not_undone(database: Database) -> None:
    task = await save_hourly_task(database, pause_after=1)
    await add_failed_run(database, task)
    await lifecycle.pause_task(database, "alice", task.id, clock.now())
    async with serve_switchable() as canary, open_shared_client() as client:
        await canary.close()
        await Watch(database, client, canary.url, "w").step(2)
    assert (await load_task(database, task.id))["hold"] == "PAUSED"


async def test_a_pause_is_told_only_when_it_is_known_whose_network_failed(database: Database) -> None:
    task = await save_hourly_task(database, pause_after=1)
    run = await add_failed_run(database, task)
    pause = {"run": run["_id"], "failures": 1, "at": clock.now(), "is_told": False}
    paused = {"hold": "PAUSED", "pause_reason": "CONSECUTIVE_FAILURES", "self_pause": pause, "reconcile": True}
    await database.tasks.update_one({"_id": task.id}, {"$set": {**paused, "next_run_at": None}})
    await reconciliation.reconcile_tasks(database, clock.now())
    assert await told(database) == []
    async with serve_switchable() as canary, open_shared_client() as client:
        await Watch(database, client, canary.url, "w").step(2)
    for _ in range(2):
        await reconciliation.reconcile_tasks(database, clock.now())
    assert await told(database) == [("alice", "TASK_PAUSED")]
    after = await load_task(database, task.id)
    assert (after["hold"], after["reconcile"], after["self_pause"]) == ("PAUSED", False, {**pause, "is_told": True})
