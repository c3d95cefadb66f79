"""Runs are started once for each idempotency key, from the newest version, with valid inputs."""

import pytest

from tests.harness import Stack
from tests.workflows.samples import workflow
from tocsin import clock
from tocsin.documents import Database
from tocsin.errors import InvalidInput, NotFound
from tocsin.tasks.idempotency import IdempotentCall
from tocsin.workflows import starting

PAUSE = {"key": "pause", "wait": "PT1H"}


async def test_a_run_is_of_the_newest_version(stack: Stack) -> None:
    await stack.save_workflow(workflow(PAUSE))
    await stack.save_workflow(workflow(PAUSE, {"key": "again", "wait": "PT1H"}, timeout="PT1M"))
    run = await starting.start_workflow(stack.database, stack.versions, "alice", "w", None, clock.now())
    assert (run.version, run.total, run.status) == (2, 2, "PENDING")
    assert run.deadline_at is not None


async def test_a_key_that_was_used_before_returns_its_run(database: Database, stack: Stack) -> None:
    await stack.save_workflow(workflow(PAUSE))
    call = IdempotentCall("alice", "startWorkflow", "key", "digest")
    runs = [
        await starting.start_workflow(database, stack.versions, "alice", "w", None, clock.now(), call) for _ in range(2)
    ]
    assert runs[0].id == runs[1].id
    assert await database.workflow_runs.count_documents({}) == 1


async def test_others_workflows_and_invalid_inputs_start_nothing(database: Database, stack: Stack) -> None:
    await stack.save_workflow(workflow(PAUSE, inputs={"n": {"type": "integer"}}))
    with pytest.raises(NotFound):
        await starting.start_workflow(database, stack.versions, "bob", "w", {"n": 1}, clock.now())
    with pytest.raises(InvalidInput):
        await starting.start_workflow(database, stack.versions, "alice", "w", {"n": "1"}, clock.now())
    with pytest.raises(InvalidInput):
        await starting.validate_inputs(database, stack.versions, "alice", "w", {"n": "1"})
    assert await database.workflow_runs.count_documents({}) == 0
