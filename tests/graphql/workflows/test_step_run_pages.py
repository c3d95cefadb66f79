"""Pages of the runs of a step, forwards and backwards, with items that have no run."""

from typing import Any

import pytest

from tests.graphql.conftest import T0, Api, run_document
from tests.graphql.test_batching import _workflow, _workflow_run
from tocsin.documents import new_id
from tocsin.graphql import ids
from tocsin.graphql.workflows import step_run_pages
from tocsin.workflows.engine.states import StepRunRef

PAGE = """query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
  workflowRun(id: $id) { step(key: "each") {
  runsConnection(first: $first, after: $after, last: $last, before: $before) {
    totalCount totalCountIsExact edges { cursor node { id } } nodes { id }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  } } }
}"""


async def store(api: Api, items: int, missing: range, *, undo: bool = False) -> tuple[str, list[str]]:
    """Store a workflow run with a fan-out of which some items have no run. Return its ID and those of the runs."""
    assert api.alice.user is not None
    owner = api.alice.user.id
    workflow, run_id = new_id(owner), f"{owner}/w1"
    await api.database.workflows.insert_one(_workflow(owner, workflow, 1, T0))
    await api.database.workflow_runs.insert_one(_workflow_run(owner, run_id, workflow, T0, items))
    refs = [StepRunRef("each", index) for index in range(items) if index not in missing]
    refs += [StepRunRef("each", is_compensation=True)] if undo else []
    others = [StepRunRef("a"), StepRunRef("each2", 0)]  # of other steps
    stored = [ref.run_id(run_id) for ref in refs]
    await api.database.runs.insert_many([run_document(run_id, T0, _id=ref.run_id(run_id)) for ref in refs + others])
    return ids.encode_id("WorkflowRun", run_id), [ids.encode_id("Run", each) for each in stored]


async def fetch(api: Api, run_id: str, **page: Any) -> Any:
    return (await api.alice.ask(PAGE, id=run_id, **page))["workflowRun"]["step"]["runsConnection"]


async def walk(api: Api, run_id: str, size: str, cursor: str, number: int) -> list[list[str]]:
    """Return the pages in one direction, and check what they say about each other."""
    forward, position, pages = size == "first", None, list[list[str]]()
    while True:
        found = await fetch(api, run_id, **{size: number, cursor: position})
        info, nodes = found["pageInfo"], [node["id"] for node in found["nodes"]]
        assert [edge["node"]["id"] for edge in found["edges"]] == nodes
        assert info["hasPreviousPage" if forward else "hasNextPage"] is (position is not None)
        pages.append(nodes)
        position = info["endCursor" if forward else "startCursor"]
        if not info["hasNextPage" if forward else "hasPreviousPage"]:
            return pages


@pytest.mark.parametrize("undo", [False, True])
async def test_every_run_is_on_one_page(api: Api, undo: bool) -> None:
    run_id, runs = await store(api, 250, range(40, 190), undo=undo)
    pages = await walk(api, run_id, "first", "after", 30)
    assert [run for page in pages for run in page] == runs
    assert {len(page) for page in pages[:-1]} == {30}
    backwards = await walk(api, run_id, "last", "before", 30)
    assert [run for page in reversed(backwards) for run in page] == runs
    found = await fetch(api, run_id)
    assert (found["totalCount"], found["totalCountIsExact"], len(found["nodes"])) == (len(runs), True, 20)


async def test_a_step_without_items_has_one_run_and_its_compensation(api: Api) -> None:
    run_id, _ = await store(api, 1, range(0))
    query = """query($id: ID!) {
      workflowRun(id: $id) { step(key: "a") { runsConnection { totalCount nodes { stepKey } } } }
    }"""
    found = (await api.alice.ask(query, id=run_id))["workflowRun"]["step"]["runsConnection"]
    assert found == {"totalCount": 1, "nodes": [{"stepKey": "a"}]}


async def test_a_search_past_many_missing_runs_ends_and_goes_on(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_run_pages, "MAX_FILTERED", 100)
    run_id, runs = await store(api, 500, range(2, 498))
    for size, cursor in (("first", "after"), ("last", "before")):
        pages = await walk(api, run_id, size, cursor, 5)
        assert [] in pages or any(len(page) < 5 for page in pages[:-1])
        assert sorted(run for page in pages for run in page) == sorted(runs)


@pytest.mark.parametrize("cursor", ["nonsense", "c3RlcF9ydW46YTow", "é", "c3RlcF9ydW46ZWFjaDp4"])
async def test_cursors_of_other_lists_are_refused(api: Api, cursor: str) -> None:
    run_id, _ = await store(api, 1, range(0))
    for name in ("after", "before"):
        (error,) = (await api.alice.post(PAGE, {"id": run_id, name: cursor}))["errors"]
        assert "not a cursor of this list" in error["message"]


@pytest.mark.parametrize("size", [{"first": 0}, {"first": 101}, {"last": 0}, {"first": 1, "last": 1}])
async def test_sizes_of_pages_are_checked(api: Api, size: dict[str, int]) -> None:
    run_id, _ = await store(api, 1, range(0))
    assert (await api.alice.post(PAGE, {"id": run_id, **size}))["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
