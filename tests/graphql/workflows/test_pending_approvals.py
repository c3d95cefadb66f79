"""The decisions that workflow runs wait for, in the API."""

from datetime import timedelta
from typing import Any

from tests.graphql.conftest import T0, Api
from tests.graphql.test_batching import APPROVAL, _workflow, _workflow_run
from tocsin.documents import new_id
from tocsin.graphql import ids

LIST = """query($first: Int, $after: String) { pendingApprovals(first: $first, after: $after) {
  totalCount pageInfo { hasNextPage endCursor }
  nodes { message since decideUntil canDecide workflowRun { id name } step { key status approval { by } } }
} }"""


async def store(api: Api, owner: str, number: int, **state: Any) -> str:
    """Store a workflow run that has waited for a decision since so many hours after T0. Return its global ID."""
    workflow, run_id, since = new_id(owner), f"{owner}/w{number}", T0 + timedelta(hours=number)
    await api.database.workflows.insert_one(_workflow(owner, workflow, number, T0))
    run = _workflow_run(owner, run_id, workflow, T0, 1)
    run["steps"]["ask"] = {**APPROVAL, "started_at": since, **state}
    await api.database.workflow_runs.insert_one(run)
    entry: Any = {"_id": f"{run_id}:ask@0", "owner": owner, "run": run_id, "step": "ask", "since": since}
    await api.database.pending_approvals.insert_one(entry)
    return ids.encode_id("WorkflowRun", run_id)


async def fetch(api: Api, **page: Any) -> Any:
    return (await api.alice.ask(LIST, **page))["pendingApprovals"]


async def test_the_oldest_comes_first_with_its_run_and_step(api: Api) -> None:
    assert api.alice.user is not None
    assert api.bob.user is not None
    until = T0 + timedelta(days=1)
    mine = {"asks": "alice@example.test", "message": "Go on?", "wake_at": until}
    later = await store(api, api.alice.user.id, 2)
    first = await store(api, api.alice.user.id, 1, **mine)
    await store(api, api.bob.user.id, 3)
    found = await fetch(api)
    assert found["totalCount"] == 2
    assert [node["workflowRun"]["id"] for node in found["nodes"]] == [first, later]
    assert found["nodes"][0] == {
        "message": "Go on?",
        "since": "2026-03-01T13:00:00Z",
        "decideUntil": "2026-03-02T12:00:00Z",
        "canDecide": True,
        "workflowRun": {"id": first, "name": "w"},
        "step": {"key": "ask", "status": "WAITING", "approval": {"by": "alice@example.test"}},
    }
    assert [node["canDecide"] for node in found["nodes"]] == [True, False], "alice is no administrator"


async def test_pages_go_on_where_the_last_one_ended(api: Api) -> None:
    assert api.alice.user is not None
    stored = [await store(api, api.alice.user.id, number) for number in range(3)]
    page, shown = await fetch(api, first=2), list[str]()
    shown += [node["workflowRun"]["id"] for node in page["nodes"]]
    assert page["pageInfo"]["hasNextPage"] is True
    page = await fetch(api, first=2, after=page["pageInfo"]["endCursor"])
    shown += [node["workflowRun"]["id"] for node in page["nodes"]]
    assert (shown, page["pageInfo"]["hasNextPage"]) == (stored, False)


async def test_what_was_decided_a_moment_ago_is_left_out(api: Api) -> None:
    assert api.alice.user is not None
    await store(api, api.alice.user.id, 1, status="COMPLETED")
    await store(api, api.alice.user.id, 2, round=1)
    await store(api, api.alice.user.id, 3)
    await api.database.workflow_runs.update_one({"_id": f"{api.alice.user.id}/w3"}, {"$set": {"open": False}})
    kept = await store(api, api.alice.user.id, 4)
    assert [node["workflowRun"]["id"] for node in (await fetch(api))["nodes"]] == [kept]


async def test_a_decision_takes_it_from_the_list(api: Api) -> None:
    assert api.alice.user is not None
    run_id = await store(api, api.alice.user.id, 1, asks="alice@example.test")
    decide = """mutation($id: ID!) { decideApproval(input: {id: $id, step: "ask", approved: true}) { approved } }"""
    assert (await api.alice.ask(decide, id=run_id))["decideApproval"] == {"approved": True}
    assert (await fetch(api))["totalCount"] == 0
