"""A report that is ready is told before its run is stored as completed, by a real engine that writes a real file."""

from typing import Any

import pytest

from tests.harness import SECRETS, run_stack, wait_until
from tests.notifications.channel_helpers import add_channel
from tests.notifications.preferences.helpers import choose
from tests.workflows.samples import workflow
from tocsin import clock, schedules
from tocsin.documents import Database, Task, to_global_id
from tocsin.execution import completer
from tocsin.execution.completer import Completer
from tocsin.execution.report_notices import tell_reports
from tocsin.jobs import registry
from tocsin.jobs.base import SaveContext
from tocsin.tasks import saving

ROWS = [{"country": "FR", "sold": 3}, {"country": "DE", "sold": 4}]


async def save_report(database: Database, **changes: Any) -> Task:
    given = {"title": "Sales", "format": "CSV", "data": ROWS, **changes}
    params: Any = registry.get_job("report").prepare(given, SaveContext("alice", SECRETS))
    draft = saving.TaskDraft("weekly", {"kind": "report", "params": params}, schedules.Once(clock.now()))
    return await saving.create_task(database, "alice", draft, clock.now())


async def test_a_report_is_told_with_its_file_and_without_a_link_that_opens_it(database: Database) -> None:
    async with run_stack(database) as stack:
        task = await save_report(database)
        stack.scheduler.expect_due(task.next_run_at)
        (run,) = await stack.wait_for_runs(task.id, "COMPLETED")
    (told,) = await database.notifications.find({}).to_list()
    assert (told["_id"], told["kind"]) == (f"{run['_id']}:0:report", "REPORT_READY")
    assert told["subject"] == 'Report "Sales.csv" is ready'
    data = told["data"]
    assert (data["runId"], data["fileName"], data["rows"]) == (to_global_id("Run", run["_id"]), "Sales.csv", 2)
    assert data["fileSize"] > 0
    assert "/files/" not in str(told)
    assert await database.deliveries.count_documents({}) == 0


async def test_an_outage_between_the_notification_and_the_run_tells_it_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = 0

    async def fail_afterwards(*given: Any) -> None:
        nonlocal failures
        await tell_reports(*given)
        failures += 1
        if failures == 1:
            raise ConnectionError("gone")

    async def keep_whole(self: Completer, batch: list[Any], _error: Exception) -> None:
        await self._write_until_acknowledged(batch)

    monkeypatch.setattr(completer, "tell_reports", fail_afterwards)
    monkeypatch.setattr(Completer, "_isolate", keep_whole)
    async with run_stack(database) as stack:
        task = await save_report(database)
        stack.scheduler.expect_due(task.next_run_at)

        async def ended() -> bool:
            return failures >= 2 and (await stack.task(task.id))["status"] == "COMPLETED"

        await wait_until(ended)
    assert await database.notifications.count_documents({}) == 1


async def test_the_rule_of_a_workflow_applies_to_the_reports_of_its_steps(database: Database) -> None:
    await add_channel(database, "https://hooks.example.org/x", "alice/c1", events=["REPORT_READY"])
    params = {"title": "Sales", "format": "CSV", "data": ROWS}

    expected = 0

    async def are_told() -> bool:
        return await database.notifications.count_documents({"kind": "REPORT_READY"}) == expected

    async with run_stack(database) as stack:
        await stack.save_workflow(workflow({"key": "render", "job": "report", "params": params}))
        (saved,) = await database.workflows.find({}).to_list()
        for is_muted in (True, False):
            expected += 1
            await choose(database, saved["_id"], muted=is_muted)
            stack.workflows.request_advance(await stack.execute("w"))
            await wait_until(are_told)
            assert await database.deliveries.count_documents({}) == (0 if is_muted else 1)
    (delivery,) = await database.deliveries.find({}).to_list()
    about: Any = delivery["about"]
    assert (about["subject_type"], about["subject"]) == ("Workflow", saved["_id"])
