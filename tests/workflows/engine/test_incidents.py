"""Failing scheduled workflows are reported like tasks: once per incident, to their owner, in spite of crashes."""

from datetime import timedelta
from typing import Any

import pytest

from tests.harness import Stack, TargetServer, run_stack, wait_until
from tests.notifications.helpers import accept_by_list_only
from tests.workflows.engine.mortal import Died, MortalRunner
from tests.workflows.samples import require, step, workflow
from tocsin import clock
from tocsin.documents import Database, Trigger, User, WorkflowRun, to_global_id
from tocsin.notifications.content import format_time
from tocsin.notifications.incidents.keeper import IncidentKeeper
from tocsin.workflows import control
from tocsin.workflows.engine.new_runs import NewWorkflowRun, insert_workflow_run, new_workflow_run
from tocsin.workflows.language.inputs import parse_inputs

RETRY = {"retry": {"offsets": ["PT1H"]}}
YEARLY = {"cron": {"expression": "0 0 1 1 *"}}


async def begin(stack: Stack, number: int, trigger: Trigger = Trigger.SCHEDULE, name: str = "w") -> str:
    """Insert a scheduled run of alice's workflow that was not advanced yet."""
    saved = await stack.database.workflows.find_one({"name_key": f"alice/{name}"})
    assert saved is not None
    version = await stack.versions.get(saved["_id"], saved["version"])
    due_at = clock.now() + timedelta(milliseconds=number)
    new = NewWorkflowRun(f"{saved['_id'].replace('/', '/w')}-{number}", trigger, due_at)
    document = new_workflow_run(saved, version.definition, parse_inputs(version.definition, None), new, clock.now())
    await insert_workflow_run(stack.database, document)
    return new.run_id


async def end(stack: Stack, number: int, status: str, trigger: Trigger = Trigger.SCHEDULE) -> str:
    """Let a scheduled run end with this status, and return its id."""
    run_id = await begin(stack, number, trigger)
    stack.workflows.request_advance(run_id)
    await stack.wait_for_workflow_run(run_id, status)
    return run_id


async def mails_of_alice(database: Database) -> list[tuple[str, str]]:
    """Keep the incidents, and return the kind and incident of the mails about alice's workflow, in order."""
    await IncidentKeeper(database, timedelta(0)).keep_due()
    found = database.deliveries.find({}).sort("queued_at", 1)
    return [(mail["kind"], ":".join(mail["_id"].split(":")[1:])) async for mail in found]


async def test_a_failing_schedule_is_mailed_once_until_it_works_again(database: Database, target: TargetServer) -> None:
    target.script = [404, 404, 404, 200, 404, 200, 404]
    async with run_stack(database) as stack:
        await stack.save_workflow(workflow(step("fetch", f"{target.url}/x"), schedule=YEARLY))
        first = await end(stack, 1, "FAILED")
        assert await mails_of_alice(database) == [("FAILED_FOR_GOOD", "0:failed")]
        await end(stack, 2, "FAILED")
        await end(stack, 3, "FAILED")
        assert await mails_of_alice(database) == [("FAILED_FOR_GOOD", "0:failed")]
        await end(stack, 4, "COMPLETED")
        told = [("FAILED_FOR_GOOD", "0:failed"), ("RECOVERED", "0:over")]
        assert await mails_of_alice(database) == told
        await end(stack, 5, "FAILED")
        await end(stack, 6, "COMPLETED")
        await end(stack, 7, "FAILED")
    assert await mails_of_alice(database) == told  # it flaps: two in ten minutes are enough
    incident = require(await database.incidents.find_one({}))
    assert (incident["open"], incident["cause"], incident["reopened"]) == (True, "WORKFLOW", 1)
    mail = await database.deliveries.find_one({"run": first})
    assert mail is not None
    assert (mail["owner"], mail["subject"]) == ("alice", 'Workflow "w" has failed')
    assert "Failed step:     fetch\n" in mail["text"]
    assert "404" in mail["text"]
    assert f"Workflow run:    {to_global_id('WorkflowRun', first)}\n" in mail["text"]


async def test_runs_of_the_schedule_are_mailed(database: Database, target: TargetServer) -> None:
    target.script = [404] * 20
    await User(id="alice", email="alice@example.com", password="-", created_at=clock.now()).insert()
    async with run_stack(database) as stack:
        text = workflow(step("fetch", f"{target.url}/x"), schedule={"every": {"interval": "PT1S"}})
        saved = await stack.save_workflow(text)
        stack.workflows.expect_due(saved["next_run_at"])

        async def failed() -> bool:
            return await database.workflow_runs.count_documents({"status": "FAILED"}) >= 2

        await wait_until(failed)
        assert await mails_of_alice(database) == [("FAILED_FOR_GOOD", "0:failed")]


async def test_a_failure_after_a_cancel_by_another_process_is_not_mailed(
    database: Database, target: TargetServer
) -> None:
    target.script = [404]
    async with run_stack(database) as stack:
        await stack.save_workflow(workflow(step("fetch", f"{target.url}/wait")))
        stack.workflows.request_advance(run_id := await begin(stack, 1))
        await wait_until(lambda: _is_called(target))
        await control.cancel_workflow_run(database, "alice", run_id, clock.now())  # without a signal in this process
        target.release.set()
        await stack.wait_for_workflow_run(run_id, "CANCELLED")
        assert await mails_of_alice(database) == []


async def _is_called(target: TargetServer) -> bool:
    return bool(target.calls)


async def test_a_retried_step_is_mailed_when_it_begins_to_fail_and_when_it_has_failed(
    database: Database, target: TargetServer
) -> None:
    target.script = [500, 500, 500, 500]
    async with run_stack(database) as stack:
        await stack.save_workflow(
            workflow(step("fetch", f"{target.url}/x", retry={"offsets": ["PT1S"]}), schedule=YEARLY)
        )
        first = await end(stack, 1, "FAILED")
        await end(stack, 2, "FAILED")
    assert await mails_of_alice(database) == [("BEGAN_FAILING", "0:began"), ("FAILED_FOR_GOOD", "0:failed")]
    mail = await database.deliveries.find_one({"kind": "BEGAN_FAILING"})
    run = await database.runs.find_one({"_id": f"{first}:fetch"})
    assert mail is not None
    assert run is not None
    assert mail["subject"] == 'Workflow "w" has started failing'
    next_try = run["attempts"][0]["finished_at"] + timedelta(seconds=1)
    assert f"Next attempt:    {format_time(next_try)}\n" in mail["text"]
    assert "Step:            fetch\n" in mail["text"]


async def test_a_retry_still_to_come_is_mailed_once_however_often_the_run_is_advanced(
    database: Database, target: TargetServer
) -> None:
    target.script = [500]
    async with run_stack(database) as stack:
        await stack.save_workflow(workflow(step("fetch", f"{target.url}/x", **RETRY), schedule=YEARLY))
        run_id = await begin(stack, 1)
        stack.workflows.request_advance(run_id)

        async def any_mail() -> bool:
            return bool(await mails_of_alice(database))

        await wait_until(any_mail)
        for _ in range(3):
            await stack.make_runner().advance(run_id)
    assert await mails_of_alice(database) == [("BEGAN_FAILING", "0:began")]


async def test_by_any_channel_no_beginning_is_notified_of_after_the_end(
    database: Database, target: TargetServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept_by_list_only(monkeypatch)
    target.script = [500, 500, 500, 500]
    async with run_stack(database) as stack:
        await stack.save_workflow(
            workflow(step("fetch", f"{target.url}/x", retry={"offsets": ["PT1S"]}), schedule=YEARLY)
        )
        await end(stack, 1, "FAILED")
        assert [kind for kind, _ in await mails_of_alice(database)] == ["BEGAN_FAILING", "FAILED_FOR_GOOD"]
        assert (await database.deliveries.delete_one({"kind": "BEGAN_FAILING"})).deleted_count == 1
        await end(stack, 2, "FAILED")
    assert await mails_of_alice(database) == [("FAILED_FOR_GOOD", "0:failed@list")]


async def test_manual_runs_send_no_mail_and_end_no_incident(database: Database, target: TargetServer) -> None:
    target.script = [404, 404, 200, 404]
    async with run_stack(database) as stack:
        saved = await stack.save_workflow(workflow(step("fetch", f"{target.url}/x"), schedule=YEARLY))
        await end(stack, 1, "FAILED", Trigger.MANUAL)
        assert await mails_of_alice(database) == []
        await end(stack, 2, "FAILED")
        await end(stack, 3, "COMPLETED", Trigger.MANUAL)
        await end(stack, 4, "FAILED")
    assert await mails_of_alice(database) == [("FAILED_FOR_GOOD", "0:failed")]
    workflow_now = await database.workflows.find_one({"_id": saved["_id"]})
    assert workflow_now is not None
    assert workflow_now.get("incident", 0) == 0


async def test_a_resumed_run_sends_no_mail_but_ends_the_incident(database: Database, target: TargetServer) -> None:
    target.script = [404, 404, 200, 404]
    async with run_stack(database) as stack:
        await stack.save_workflow(workflow(step("fetch", f"{target.url}/x"), schedule=YEARLY))
        run_id = await end(stack, 1, "FAILED")
        assert await mails_of_alice(database) == [("FAILED_FOR_GOOD", "0:failed")]
        for status in ("FAILED", "COMPLETED"):
            await control.resume_workflow_run(database, stack.versions, "alice", run_id, None, clock.now())
            stack.workflows.request_advance(run_id)
            await stack.wait_for_workflow_run(run_id, status)
        assert await mails_of_alice(database) == [("FAILED_FOR_GOOD", "0:failed"), ("RECOVERED", "0:over")]
        await end(stack, 2, "FAILED")
    await mails_of_alice(database)
    assert require(await database.incidents.find_one({}))["sequence"] == 1


async def test_a_cancelled_run_or_one_of_a_deleted_workflow_sends_no_mail(
    database: Database, target: TargetServer
) -> None:
    target.script = [404]
    async with run_stack(database, schedule=False) as stack:
        await stack.save_workflow(workflow(step("fetch", f"{target.url}/x"), schedule=YEARLY))
        cancelled, deleted = await begin(stack, 1), await begin(stack, 2)
        await control.cancel_workflow_run(database, "alice", cancelled, clock.now())
        await database.workflows.update_many({}, {"$set": {"deleted": True}})

        async def moved(run_id: str) -> bool:
            await stack.make_runner().advance(run_id)
            run = await WorkflowRun.get(run_id)
            return run is not None and not run.open

        for run_id in (cancelled, deleted):
            await wait_until(lambda run_id=run_id: moved(run_id))  # type: ignore[misc]
    assert await mails_of_alice(database) == []


async def test_a_queued_run_is_of_the_incident_in_which_it_begins(database: Database, target: TargetServer) -> None:
    """The run was created while the previous one, which then succeeded, was still open."""
    target.script = [404, 200, 404]
    async with run_stack(database) as stack:
        await stack.save_workflow(workflow(step("fetch", f"{target.url}/x"), schedule=YEARLY, overlap="QUEUE"))
        await end(stack, 1, "FAILED")
        assert await mails_of_alice(database) == [("FAILED_FOR_GOOD", "0:failed")]
        second, third = await begin(stack, 2), await begin(stack, 3)
        stack.workflows.request_advance(second)
        await stack.wait_for_workflow_run(second, "COMPLETED")
        await stack.wait_for_workflow_run(third, "FAILED")
    found = await database.alerts.find({}).sort("number", 1).to_list()
    assert [(alert["number"], alert["ending"]) for alert in found] == [(0, "RECOVERED"), (1, None)]


async def test_an_abandoned_run_is_mailed_even_if_its_state_cannot_be_read(
    database: Database, target: TargetServer
) -> None:
    async with run_stack(database, schedule=False) as stack:
        await stack.save_workflow(workflow(step("fetch", f"{target.url}/x"), step("broken", f"{target.url}/x")))
        run_id = await begin(stack, 1)
        statuses = {"steps.fetch.status": "NONSENSE", "steps.broken.status": "FAILED"}
        await database.workflow_runs.update_one({"_id": run_id}, {"$set": statuses})
        with pytest.raises(ValueError, match="NONSENSE"):
            await stack.make_runner().advance(run_id)
        assert await stack.make_runner().abandon(run_id)
        assert await stack.make_runner().abandon(run_id)  # there is nothing left to do
    assert await mails_of_alice(database) == [("FAILED_FOR_GOOD", "0:failed")]
    mail, run = await database.deliveries.find_one({}), await database.workflow_runs.find_one({})
    assert "Failed step:     broken\n" in require(mail)["text"]
    assert (require(run)["status"], require(run).get("incident")) == ("FAILED", 0)


async def test_a_run_that_changes_while_it_is_abandoned_stays_open(
    database: Database, target: TargetServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run_stack(database, schedule=False) as stack:
        await stack.save_workflow(workflow(step("fetch", f"{target.url}/x"), schedule=YEARLY))
        run_id, runner = await begin(stack, 1), stack.make_runner()
        write = runner._write

        async def write_second(*args: Any) -> bool:
            await database.workflow_runs.update_one({"_id": run_id}, {"$inc": {"rev": 1}})
            return await write(*args)

        monkeypatch.setattr(runner, "_write", write_second)
        assert not await runner.abandon(run_id)
        assert require(await database.workflow_runs.find_one({"_id": run_id}))["open"]
        assert await stack.make_runner().abandon(run_id)
    assert await mails_of_alice(database) == [("FAILED_FOR_GOOD", "0:failed")]


async def test_a_crash_after_a_run_was_abandoned_loses_no_mail(database: Database, target: TargetServer) -> None:
    async with run_stack(database, schedule=False) as stack:
        await stack.save_workflow(workflow(step("fetch", f"{target.url}/x"), schedule=YEARLY))
        run_id = await begin(stack, 1)
        with pytest.raises(Died):
            await MortalRunner(stack, 2).abandon(run_id)
        assert not require(await database.workflow_runs.find_one({"_id": run_id}))["open"]
    assert await mails_of_alice(database) == [("FAILED_FOR_GOOD", "0:failed")]


@pytest.mark.parametrize("status", [404, 200])
async def test_a_crash_between_any_two_writes_is_mailed_exactly_once(
    database: Database, target: TargetServer, status: int
) -> None:
    """The first run crashes at the first boundary, the second at the second, until one completes without a crash."""
    async with run_stack(database, schedule=False, lease_seconds=1) as stack:
        await stack.save_workflow(workflow(step("fetch", f"{target.url}/x"), schedule=YEARLY))
        deaths = 0
        while await _dies_once(stack, deaths + 1, target, status):
            deaths += 1
        assert deaths >= 5


async def _dies_once(stack: Stack, boundary: int, target: TargetServer, status: int) -> bool:
    target.script = [status]
    for name in ("deliveries", "notifications", "alerts", "incidents"):
        await stack.database.db[name].delete_many({})
    before = require(await stack.database.workflows.find_one({}))
    run_id, died = await begin(stack, boundary), False
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
    after = require(await stack.database.workflows.find_one({}))
    ended, mails = after.get("incident", 0) > before.get("incident", 0), await mails_of_alice(stack.database)
    assert (run["status"], ended, len(mails)) == (("FAILED", False, 1) if status == 404 else ("COMPLETED", True, 0))
    return died
