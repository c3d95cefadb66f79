"""Steps of workflows in an outage of our own network: they wait for it, and nobody is told that they failed."""

from datetime import timedelta
from typing import Any

import pytest

from tests.harness import wait_until
from tests.maintenance.network_helpers import (
    add_admin,
    look_often,
    run_watched,
    serve_switchable,
    told,
    wait_for_end,
    wait_for_outage,
)
from tests.workflows.samples import step, workflow
from tocsin import clock
from tocsin.dispatch import retry_decision
from tocsin.documents import Database, User
from tocsin.maintenance.network_watch import NetworkWatch

SOON = {"every": {"interval": "PT1H"}}


@pytest.fixture(autouse=True)
async def alice(database: Database, monkeypatch: pytest.MonkeyPatch) -> User:
    look_often(monkeypatch)
    monkeypatch.setattr(retry_decision, "_MIN_HOLD", timedelta(milliseconds=100))
    return await User(id="alice", email="alice@example.org", password="-", created_at=clock.now()).insert()


async def _never(_: Any) -> bool:
    return False


async def _held(database: Database) -> Any:
    return await database.runs.find_one({"reason": "INCONCLUSIVE", "status": "RETRY", "attempts.1": {"$exists": True}})


@pytest.mark.parametrize("is_known", [True, False], ids=["known", "not yet known"])
async def test_a_step_waits_for_the_network_and_goes_on(
    database: Database, monkeypatch: pytest.MonkeyPatch, *, is_known: bool
) -> None:
    await add_admin("carol")
    async with (
        serve_switchable() as canary,
        serve_switchable(200) as target,
        run_watched(database, canary, incident_group_seconds=0) as process,
    ):
        text = workflow(step("a", target.url), step("b", target.url, dependsOn=["a"]), schedule=SOON)
        saved = await process.save_workflow(text)
        await canary.close()
        await target.close()
        if is_known:
            await process.reachability.ask()
            await wait_for_outage(process)
        else:
            monkeypatch.setattr(NetworkWatch, "_has_reason_to_look", _never)
        await database.workflows.update_one({"_id": saved["_id"]}, {"$set": {"next_run_at": clock.now()}})
        process.workflows.expect_due(clock.now())
        run = await wait_until(lambda: _held(database), 20)
        assert run["trigger"] == "WORKFLOW"
        monkeypatch.undo()
        look_often(monkeypatch)
        await target.open()
        await canary.open()
        await wait_until(lambda: database.workflow_runs.find_one({"status": "COMPLETED"}), 30)
        await wait_for_end(database)
    assert await told(database) == [("carol", "NETWORK_DOWN"), ("carol", "NETWORK_UP")]
    assert await database.alerts.count_documents({}) == 0


async def test_a_step_whose_target_is_down_fails_as_ever(database: Database) -> None:
    async with (
        serve_switchable() as canary,
        serve_switchable(200) as target,
        run_watched(database, canary, incident_group_seconds=0) as process,
    ):
        saved = await process.save_workflow(workflow(step("a", target.url), schedule=SOON))
        await target.close()
        await database.workflows.update_one({"_id": saved["_id"]}, {"$set": {"next_run_at": clock.now()}})
        process.workflows.expect_due(clock.now())
        await wait_until(lambda: database.notifications.find_one({"kind": "FAILED_FOR_GOOD"}), 20)
        run = await database.runs.find_one({"trigger": "WORKFLOW"})
    assert run is not None
    assert (run["status"], len(run["attempts"])) == ("FAILED", 1)
    assert run["reason"] != "INCONCLUSIVE"
