"""Queries for lists of workflows and their runs select those of the owner, newest first."""

from datetime import timedelta
from typing import Any

import pytest

from tests.harness import Stack, run_stack
from tests.workflows.samples import workflow
from tocsin import clock
from tocsin.documents import Database, User, WorkflowRunStatus
from tocsin.documents.keyset import KeysetQuery
from tocsin.documents.paging import PageArguments, fetch_page
from tocsin.errors import InvalidInput
from tocsin.workflows import saving
from tocsin.workflows.listing import (
    WorkflowRunCriteria,
    WorkflowRunOrderField,
    query_workflow_runs,
    query_workflows,
)

PAUSE = {"key": "pause", "wait": "PT1H"}
ALICE = User.model_construct(id="alice", created_at=clock.now() - timedelta(days=1))


async def fetch(query: KeysetQuery[Any]) -> list[Any]:
    """Return the rows of the first page."""
    return (await fetch_page(query, PageArguments(None, None, None, None))).rows


async def save(stack: Stack, *names: str, owner: str = "alice") -> None:
    """Save workflows with these names, each created a second after the one before."""
    for number, name in enumerate(names):
        saved = await stack.save_workflow(workflow(PAUSE, name=name), owner)
        created_at = clock.now() - timedelta(seconds=len(names) - number)
        await stack.database.workflows.update_one({"_id": saved["_id"]}, {"$set": {"created_at": created_at}})


@pytest.mark.parametrize(
    ("text", "found"),
    [(None, ["b_c", "bac", "abc"]), ("", ["b_c", "bac", "abc"]), ("A", ["bac", "abc"]), (".", []), ("x", [])],
)
async def test_workflows_are_found_by_a_part_of_their_name(stack: Stack, text: str | None, found: list[str]) -> None:
    await save(stack, "abc", "bac", "b_c", "gone")
    await save(stack, "abc", owner="bob")
    await saving.delete_workflow(stack.database, "alice", "gone", clock.now())
    assert [row["name"] for row in await fetch(query_workflows(stack.database, ALICE, text))] == found


def test_a_text_that_is_too_long_is_refused(database: Database) -> None:
    with pytest.raises(InvalidInput):
        query_workflows(database, ALICE, "a" * 201)


async def test_runs_are_those_of_the_owner_or_of_one_workflow_in_these_states(database: Database) -> None:
    async with run_stack(database, schedule=False) as stack:  # nothing advances the runs
        await save(stack, "one", "two")
        await save(stack, "one", owner="bob")
        one, two = await stack.execute("one"), await stack.execute("two")
        await stack.execute("one", owner="bob")
        await database.workflow_runs.update_one({"_id": one}, {"$set": {"status": "FAILED"}})

    workflows = {row["name"]: row["_id"] async for row in database.workflows.find({"owner": "alice"})}

    async def find(name: str | None, *statuses: WorkflowRunStatus) -> set[str]:
        criteria = WorkflowRunCriteria(name and workflows.get(name, ""), statuses or None)
        return {row["_id"] for row in await fetch(query_workflow_runs(database, ALICE, criteria))}

    assert await find(None) == {one, two}
    assert await find("one") == {one}
    assert await find(None, WorkflowRunStatus.FAILED, WorkflowRunStatus.MISSED) == {one}
    assert await find("two", WorkflowRunStatus.FAILED) == set()
    assert await find("unknown") == set()
    assert await fetch(query_workflow_runs(database, ALICE, WorkflowRunCriteria(statuses=[]))) == []


@pytest.mark.parametrize("order", WorkflowRunOrderField)
async def test_runs_are_found_by_the_times_of_their_creation_and_of_their_due_time(
    database: Database, order: WorkflowRunOrderField
) -> None:
    now = clock.now().replace(microsecond=0)
    async with run_stack(database, schedule=False) as stack:
        await save(stack, "one", "two")
        for number, (name, status) in enumerate([("one", "FAILED"), ("two", "RUNNING"), ("one", "RUNNING")]):
            at = now - timedelta(hours=number)
            times = {"created_at": at, "due_at": at - timedelta(days=1)}
            await database.workflow_runs.update_one(
                {"_id": await stack.execute(name)}, {"$set": times | {"status": status, "reason": f"{number}"}}
            )
    saved = await database.workflows.find_one({"name": "one"})
    assert saved is not None
    hours = [now - timedelta(hours=number) for number in range(3)]
    due = [hour - timedelta(days=1) for hour in hours]

    async def find(*, descending: bool = True, **criteria: Any) -> str:
        query = query_workflow_runs(database, ALICE, WorkflowRunCriteria(**criteria), order, descending=descending)
        return "".join(row["reason"] for row in await fetch(query))

    assert await find() == "012"
    assert await find(descending=False) == "210"
    assert await find(created=(hours[1], None)) == "01"
    assert await find(created=(None, hours[1]), due=(due[1], None)) == "1"
    assert await find(due=(due[2], due[1])) == "12"
    assert await find(due=(hours[2], None)) == ""
    assert await find(workflow=saved["_id"]) == "02"
    assert await find(workflow=saved["_id"], statuses=[WorkflowRunStatus.RUNNING], due=(None, due[1])) == "2"
