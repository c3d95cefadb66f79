"""Versions of workflows: runs keep theirs, and the cache is bounded."""

from tests.harness import TargetServer, run_stack
from tests.workflows.samples import step, workflow
from tocsin.documents import Database


async def test_a_run_keeps_the_version_it_began_with(database: Database, target: TargetServer) -> None:
    async with run_stack(database, schedule=False) as stack:
        await stack.save_workflow(workflow(step("a", f"{target.url}/one")))
        run_id = await stack.execute("w")
        await stack.save_workflow(workflow(step("a", f"{target.url}/two"), step("b", target.url)))
        stack.workflows.start()
        run = await stack.wait_for_workflow_run(run_id, "COMPLETED")
        assert (run["version"], run["total"]) == (1, 1)
        assert [call["path"] for call in target.calls] == ["/one"]
