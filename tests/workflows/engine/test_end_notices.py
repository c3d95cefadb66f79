"""What is told of ended workflow runs: what the owner chose, once for each end, in spite of crashes."""

from typing import Any, cast

import pytest
from pymongo.asynchronous.collection import AsyncCollection

from tests.harness import Stack, TargetServer, run_stack, wait_until
from tests.notifications.channel_helpers import add_channel
from tests.workflows.engine.mortal import Died, MortalRunner
from tests.workflows.engine.test_incidents import begin, end
from tests.workflows.samples import step, workflow
from tocsin import clock
from tocsin.documents import Database, Trigger, to_global_id
from tocsin.workflows import control
from tocsin.workflows.engine.end_notices import EndNotices
from tocsin.workflows.engine.runner import WorkflowRunner

KINDS = {"kind": {"$in": ["WORKFLOW_FINISHED", "WORKFLOW_FAILED"]}}


@pytest.fixture
async def choosing(database: Database) -> None:
    """Give alice a channel that takes both kinds."""
    await add_channel(database, "https://example.org/")
    chosen = {"owner": "alice", "events": ["WORKFLOW_FINISHED", "WORKFLOW_FAILED"]}
    await database.notification_channels.update_one({}, {"$set": chosen})


async def told(database: Database) -> list[tuple[str, str | None]]:
    found = await database.notifications.find(KINDS).sort("stored_at", 1).to_list()
    deliveries = await database.deliveries.find(KINDS).to_list()
    assert [each["channel"] for each in deliveries] == ["u1/c1"] * len(found)
    return [(each["kind"], each["run"]) for each in found]


async def all_are_told(database: Database) -> bool:
    return await database.untold_ends.count_documents({}) == 0


@pytest.mark.usefixtures("choosing")
async def test_what_ends_is_told_and_a_scheduled_failure_is_an_incident(
    database: Database, target: TargetServer
) -> None:
    target.script = [200, 200, 404, 404, 404, 200]
    async with run_stack(database) as stack:
        saved = await stack.save_workflow(workflow(step("fetch", f"{target.url}/x")))
        done, by_hand = await end(stack, 1, "COMPLETED"), await end(stack, 2, "COMPLETED", Trigger.MANUAL)
        failed = await end(stack, 3, "FAILED", Trigger.MANUAL)
        incident = await end(stack, 4, "FAILED")
        for status in ("FAILED", "COMPLETED"):
            await control.resume_workflow_run(database, stack.versions, "alice", incident, None, clock.now())
            stack.workflows.request_advance(incident)
            await stack.wait_for_workflow_run(incident, status)
        await wait_until(lambda: all_are_told(database))
    assert await told(database) == [
        ("WORKFLOW_FINISHED", done), ("WORKFLOW_FINISHED", by_hand), ("WORKFLOW_FAILED", failed),
        ("WORKFLOW_FAILED", incident), ("WORKFLOW_FINISHED", incident),
    ]  # fmt: skip
    found = await database.notifications.find_one({"run": failed})
    assert found is not None
    data: Any = found["data"]
    assert (data["workflowId"], data["steps"], data["errorKind"]) == (
        to_global_id("Workflow", saved["_id"]), ["fetch"], "HTTP_STATUS",
    )  # fmt: skip


async def test_who_chose_nothing_has_no_notification_of_what_is_finished(
    database: Database, target: TargetServer
) -> None:
    target.script = [200, 404]
    async with run_stack(database) as stack:
        await stack.save_workflow(workflow(step("fetch", f"{target.url}/x")))
        await end(stack, 1, "COMPLETED", Trigger.MANUAL)
        failed = await end(stack, 2, "FAILED", Trigger.MANUAL)
        await wait_until(lambda: all_are_told(database))
    assert [each["run"] async for each in database.notifications.find({})] == [failed]
    assert await database.deliveries.count_documents({}) == 0


@pytest.mark.usefixtures("choosing")
@pytest.mark.parametrize("status", [404, 200])
async def test_a_crash_between_any_two_writes_is_told_exactly_once(
    database: Database, target: TargetServer, status: int
) -> None:
    async with run_stack(database, schedule=False, lease_seconds=1) as stack:
        await stack.save_workflow(workflow(step("fetch", f"{target.url}/x")))
        deaths = 0
        while await _dies_once(stack, deaths + 1, target, status):
            deaths += 1
        assert deaths >= 5
        assert await all_are_told(database)


async def _dies_once(stack: Stack, boundary: int, target: TargetServer, status: int) -> bool:
    target.script = [status]
    run_id, died = await begin(stack, boundary, Trigger.MANUAL), False
    mortal = MortalRunner(stack, boundary)

    async def moved() -> Any | None:
        nonlocal died
        try:
            await (stack.make_runner() if died else mortal).advance(run_id)
        except Died:
            died = True
        run = await stack.database.workflow_runs.find_one({"_id": run_id})
        return None if run is None or run["open"] else run

    run = await wait_until(moved, 20)
    await EndNotices(stack.database).repair()  # as the next sweep does
    kind = "WORKFLOW_FAILED" if status == 404 else "WORKFLOW_FINISHED"
    assert [each for each in await told(stack.database) if each[1] == run_id] == [(kind, run_id)]
    assert run["status"] == ("FAILED" if status == 404 else "COMPLETED")
    return died


@pytest.mark.usefixtures("choosing")
async def test_a_run_that_is_cancelled_as_it_is_completed_is_not_told_as_finished(
    database: Database, target: TargetServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = WorkflowRunner._write

    async def cancel_first(self: Any, document: Any, changes: Any) -> bool:
        if changes.get("status") == "COMPLETED":
            await control.cancel_workflow_run(database, "alice", document["_id"], clock.now())
        return await write(self, document, changes)

    monkeypatch.setattr(WorkflowRunner, "_write", cancel_first)
    async with run_stack(database) as stack:
        await stack.save_workflow(workflow(step("fetch", f"{target.url}/x")))
        await end(stack, 1, "CANCELLED", Trigger.MANUAL)
        await stack.workflows._sweep()
        assert await all_are_told(database)
    assert await told(database) == []


async def test_what_nobody_wishes_to_know_is_asked_once_in_a_while(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    find = AsyncCollection.find

    def count(self: Any, *given: Any, **options: Any) -> Any:
        asked.append(self.name)
        return find(self, *given, **options)

    monkeypatch.setattr(AsyncCollection, "find", count)
    ends, run = EndNotices(database), cast("Any", {"owner": "alice", "workflow": "alice/1"})
    for _ in range(50):
        assert await ends.record(run, {"status": "COMPLETED"}) is None
    assert asked == ["notification_channels", "notification_preferences"]
    assert await database.untold_ends.count_documents({}) == 0
