"""Versions of workflows: runs keep theirs, and the cache is bounded."""

import pytest

from tests.harness import Stack, TargetServer, run_stack
from tests.workflows.samples import step, workflow
from tocsin.documents import Database
from tocsin.errors import InvalidInput
from tocsin.jobs import registry
from tocsin.workflows import versions
from tocsin.workflows.engine.states import StepRunRef


async def test_a_run_keeps_the_version_it_began_with(database: Database, target: TargetServer) -> None:
    async with run_stack(database, schedule=False) as stack:
        await stack.save_workflow(workflow(step("a", f"{target.url}/one")))
        run_id = await stack.execute("w")
        await stack.save_workflow(workflow(step("a", f"{target.url}/two"), step("b", target.url)))
        stack.workflows.start()
        run = await stack.wait_for_workflow_run(run_id, "COMPLETED")
        assert (run["version"], run["total"]) == (1, 1)
        assert [call["path"] for call in target.calls] == ["/one"]


async def save(stack: Stack, *names: str) -> list[str]:
    """Save workflows with these names and return their IDs."""
    return [(await stack.save_workflow(workflow(step("a", "http://a.example"), name=name)))["_id"] for name in names]


@pytest.mark.parametrize("limit", ["_MAX_CACHED", "_MAX_CACHED_SIZE"])
async def test_the_versions_used_last_stay_in_the_cache(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    one, two, three = await save(stack, "one", "two", "six")
    size = (await stack.versions.get(one, 1)).size
    monkeypatch.setattr(versions, limit, 2 if limit == "_MAX_CACHED" else 2 * size)
    first, second = await stack.versions.get(one, 1), await stack.versions.get(two, 1)
    assert await stack.versions.get(one, 1) is first
    await stack.versions.get(three, 1)
    assert await stack.versions.get(one, 1) is first
    assert await stack.versions.get(two, 1) is not second


async def test_a_version_that_was_never_saved_is_a_bug(stack: Stack) -> None:
    (saved,) = await save(stack, "one")
    with pytest.raises(KeyError):
        await stack.versions.get(saved, 2)


async def test_a_job_that_cannot_prepare_its_parameters_fails_its_step_alone(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    (saved,) = await save(stack, "one")
    version = await stack.versions.get(saved, 1)
    with pytest.raises(InvalidInput, match="url"):
        version.prepare_job(StepRunRef("a"), "http", {"url": 5})

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(registry, "prepare_params", fail)
    with pytest.raises(InvalidInput, match="The job http could not be prepared"):
        version.prepare_job(StepRunRef("a"), "http", {"url": "http://a.example"})
