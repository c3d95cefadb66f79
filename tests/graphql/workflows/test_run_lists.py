"""Lists of workflow runs: of all workflows and of one, and the workflow of a run."""

from datetime import timedelta
from typing import Any

import pytest

from tests.graphql.conftest import T0, Api
from tests.graphql.test_batching import _workflow, _workflow_run
from tocsin.documents import new_id
from tocsin.graphql import ids

LIST = """query($f: WorkflowRunFilter, $o: WorkflowRunOrder) {
  workflowRuns(filter: $f, orderBy: $o) { totalCount nodes { id } }
}"""
OF_WORKFLOW = """query($f: WorkflowRunFilter, $o: WorkflowRunOrder) {
  workflow(name: "w1") { runs(filter: $f, orderBy: $o) { totalCount nodes { id } } }
}"""


async def store(api: Api) -> dict[str, str]:
    """Store three runs of two workflows, and return their letters by their global IDs."""
    assert api.alice.user is not None
    owner = api.alice.user.id
    letters: dict[str, str] = {}
    for number, runs in ((1, "ac"), (2, "b")):
        workflow = new_id(owner)
        await api.database.workflows.insert_one(_workflow(owner, workflow, number, T0))
        for letter in runs:
            at = T0 + timedelta(days="abc".index(letter))
            run = _workflow_run(owner, f"{owner}/w{letter}", workflow, at, 1)
            await api.database.workflow_runs.insert_one(run | {"status": "FAILED" if letter == "a" else "RUNNING"})
            letters[ids.encode_id("WorkflowRun", run["_id"])] = letter
    return letters


CASES: list[tuple[dict[str, Any], str, str]] = [
    ({}, "cba", "ca"),
    ({"status": ["FAILED"]}, "a", "a"),
    ({"name": "w2"}, "b", "ca"),
    ({"name": "w3"}, "", "ca"),
    ({"createdAt": {"from": "2026-03-02T12:00:00Z"}}, "cb", "c"),
    ({"dueAt": {"to": "2026-03-03T12:00:00Z"}}, "ba", "a"),
    ({"createdAt": {"from": "2026-03-02T12:00:00Z"}, "dueAt": {"to": "2026-03-03T12:00:00Z"}}, "b", ""),
]


@pytest.mark.parametrize("field", ["CREATED_AT", "DUE_AT"])
async def test_runs_are_listed_by_filter_and_order(api: Api, field: str) -> None:
    letters = await store(api)
    for filter_, all_runs, of_first in CASES:
        for direction in ("DESC", "ASC"):
            variables = {"f": filter_, "o": {"field": field, "direction": direction}}
            pages = (
                (await api.alice.ask(LIST, **variables))["workflowRuns"],
                (await api.alice.ask(OF_WORKFLOW, **variables))["workflow"]["runs"],
            )
            for page, expected in zip(pages, (all_runs, of_first), strict=True):
                found = "".join(letters[node["id"]] for node in page["nodes"])
                assert found == (expected if direction == "DESC" else expected[::-1]), (filter_, direction)
                assert page["totalCount"] == len(expected)


async def test_a_run_knows_its_workflow_until_that_is_deleted(api: Api) -> None:
    letters = await store(api)
    run = {letter: id_ for id_, letter in letters.items()}["b"]
    query = "query($id: ID!) { workflowRun(id: $id) { name workflow { name version } } }"
    assert (await api.alice.ask(query, id=run))["workflowRun"]["workflow"] == {"name": "w2", "version": 1}
    await api.alice.ask('mutation { deleteWorkflow(input: {name: "w2"}) { deletedWorkflowId } }')
    assert (await api.alice.ask(query, id=run))["workflowRun"] == {"name": "w", "workflow": None}
