"""The status of tasks and workflows as it is read from what is stored."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.commands import CommandLog, logged
from tests.harness import save_task
from tocsin.documents import Database, PublicLinkDocument, PublicLinkKind, User, WorkflowDocument
from tocsin.public_links.reading import MAX_WORKFLOW_RUNS, read_status
from tocsin.public_links.resolving import FoundLink
from tocsin.public_links.status import MAX_OUTCOMES, PublicState, PublicStatus
from tocsin.statistics.service import Statistics

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LINK: PublicLinkDocument = {
    "_id": "alice/l", "owner": "alice", "kind": PublicLinkKind.STATUS, "subject": "alice/w1",
    "subject_type": "Workflow", "serial": "s", "hint": "abcd", "created_at": NOW, "issued_at": NOW,
}  # fmt: skip
OWNER: Any = {"_id": "alice"}
WORKFLOW: WorkflowDocument = {
    "_id": "alice/w1", "owner": "alice", "name": "deploy", "name_key": "alice/deploy", "description": "", "version": 1,
    "digest": "", "overlap": "SKIP", "schedule": None, "next_run_at": None, "last_due_at": None, "incident": 0,
    "deleted": False, "created_at": NOW - timedelta(days=60), "updated_at": NOW,
}  # fmt: skip


def workflow_run(number: int, status: str, at: datetime) -> Any:
    """Return a run of the workflow."""
    return {
        "_id": f"alice/w{number:06}", "owner": "alice", "workflow": "alice/w1", "name": "deploy", "version": 1,
        "trigger": "LINK", "status": status, "open": status == "RUNNING", "due_at": at, "created_at": at,
        "finished_at": None if status == "RUNNING" else at + timedelta(seconds=5), "inputs": "{}", "total": 1,
    }  # fmt: skip


async def read(database: Database, **changes: Any) -> PublicStatus:
    workflow: Any = {**WORKFLOW, **changes}
    return await read_status(database, Statistics(database), FoundLink(LINK, OWNER, None, workflow), NOW)


async def test_runs_of_a_workflow_are_counted_and_open_ones_are_not(database: Database) -> None:
    statuses = ["COMPLETED", "FAILED", "COMPLETED", "SKIPPED", "COMPLETED", "RUNNING"]
    times = [
        NOW - days for days in (timedelta(days=40), timedelta(days=20), timedelta(days=5), 3 * HOUR, HOUR, HOUR / 2)
    ]
    rows = [workflow_run(n, status, at) for n, (status, at) in enumerate(zip(statuses, times, strict=True))]
    other: Any = {**rows[0], "_id": "alice/w9", "workflow": "alice/w2"}
    await database.workflow_runs.insert_many([*rows, other])
    shown = await read(database)
    assert (shown.title, shown.state) == ("deploy", PublicState.PASSING)
    assert [each.status for each in shown.outcomes] == statuses[:-1]
    assert [(each.completed, each.failed, each.exact) for each in shown.rates] == [
        (1, 0, True),
        (2, 0, True),
        (2, 1, True),
    ]
    assert shown.last_run_at == times[4] + timedelta(seconds=5)


async def test_a_paused_workflow_and_one_that_fails_say_so(database: Database) -> None:
    await database.workflow_runs.insert_one(workflow_run(1, "FAILED", NOW - HOUR))
    assert (await read(database)).state is PublicState.FAILING
    assert (await read(database, paused_at=NOW)).state is PublicState.PAUSED
    alert: Any = {"_id": "alice/w1:0", "subject": "alice/w1", "open": True, "opened_at": NOW - 5 * HOUR}
    other: Any = {**alert, "_id": "alice/w2:0", "subject": "alice/w2"}
    await database.alerts.insert_many([alert, other])
    assert (await read(database)).failing_since == NOW - 5 * HOUR


@pytest.mark.parametrize("count", [100, MAX_WORKFLOW_RUNS + 500])
async def test_a_long_history_costs_no_more(database: Database, count: int) -> None:
    rows = [workflow_run(n, "COMPLETED", NOW - n * timedelta(minutes=1)) for n in range(count)]
    await database.workflow_runs.insert_many(rows)
    log = CommandLog()
    async with logged(database, log) as connection:
        await read(connection)
        log.commands.clear()
        shown = await read(connection)
    assert len(log.commands) <= 6, log.commands
    assert len(shown.outcomes) == MAX_OUTCOMES
    total = min(count, MAX_WORKFLOW_RUNS)
    assert [(each.completed, each.exact) for each in shown.rates] == [(total, count == 100)] * 3


async def test_the_only_run_of_a_task_that_is_due_once_is_its_last_one(database: Database) -> None:
    await User(id="alice", email="a@example.test", password="-", created_at=NOW).insert()
    saved = await save_task(database, "https://example.com/")
    task: Any = await database.tasks.find_one({"_id": saved.id})
    before = await read_status(database, Statistics(database), FoundLink(LINK, OWNER, task, None), NOW)
    assert (before.outcomes, before.last_run_at) == ([], None)
    run: Any = {
        "_id": f"{saved.id}:1", "owner": "alice", "task": saved.id, "task_name": "a", "trigger": "SCHEDULE", "round": 0,
        "status": "FAILED", "reason": None, "due_at": NOW - HOUR, "finished_at": NOW - HOUR, "attempts": [],
    }  # fmt: skip
    await database.runs.insert_one(run)
    ended: Any = {**task, "last_run": run["_id"], "next_run_at": None}
    after = await read_status(database, Statistics(database), FoundLink(LINK, OWNER, ended, None), NOW)
    assert (after.state, [each.failed for each in after.rates]) == (PublicState.FAILING, [1, 1, 1])
