"""Workflows and runs of other owners are as unknown as those that do not exist."""

import pytest

from tests.harness import Stack
from tests.workflows.samples import workflow
from tocsin.errors import NotFound
from tocsin.workflows import ownership


async def test_workflows_and_runs_of_others_are_not_found(stack: Stack) -> None:
    saved = await stack.save_workflow(workflow({"key": "pause", "wait": "PT1H"}))
    run_id, database = await stack.execute("w"), stack.database
    assert (await ownership.require_workflow(database, "alice", "w"))["_id"] == saved["_id"]
    assert (await ownership.require_workflow_run("alice", run_id)).id == run_id
    assert await ownership.find_workflow(database, "bob", "w") is None
    assert await ownership.find_workflow_by_id(database, "bob", saved["_id"]) is None
    assert await ownership.find_workflow_run("bob", run_id) is None
    with pytest.raises(NotFound):
        await ownership.require_workflow(database, "bob", "w")
    with pytest.raises(NotFound):
        await ownership.require_workflow_run("bob", run_id)


async def test_a_deleted_workflow_is_not_found_by_its_id(stack: Stack) -> None:
    saved = await stack.save_workflow(workflow({"key": "pause", "wait": "PT1H"}))
    assert await ownership.find_workflow_by_id(stack.database, "alice", saved["_id"]) is not None
    await stack.database.workflows.update_one({"_id": saved["_id"]}, {"$set": {"deleted": True}})
    assert await ownership.find_workflow_by_id(stack.database, "alice", saved["_id"]) is None
