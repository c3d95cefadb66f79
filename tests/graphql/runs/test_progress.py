"""Progress of runs, tasks and steps in the API: that of the attempt in progress, and no other."""

from typing import Any

import pytest

from tests.graphql.conftest import T0, Api, run_document, task_document
from tests.graphql.sockets import open_socket
from tests.graphql.test_batching import _workflow, _workflow_run
from tocsin.documents import new_id
from tocsin.graphql import ids
from tocsin.workflows.engine.states import StepRunRef

TOLD = {"fence": 2, "at": T0, "done": 1, "all": 3, "text": "Reading"}
SHOWN = {"done": 1, "all": 3, "text": "Reading"}
FIELDS = "progress { done all text }"


async def store_run(api: Api, **changes: Any) -> tuple[str, str]:
    """Store a task of alice's with a scheduled run that has told something. Return their global IDs."""
    assert api.alice.user is not None
    task: Any = task_document(api.alice.user.id, T0)
    run = run_document(task["_id"], T0, **{"status": "RUNNING", "fence": 2, "progress": TOLD, **changes})
    shows = "RUNNING" if run["status"] == "RUNNING" else "RETRY"
    task["active"] = [{"run": run["_id"], "shows": shows}]
    await api.database.tasks.insert_one(task)
    await api.database.runs.insert_one(run)
    return ids.encode_id("Task", task["_id"]), ids.encode_id("Run", run["_id"])


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, SHOWN),
        ({"progress": {**TOLD, "text": None}}, {**SHOWN, "text": None}),
        ({"fence": 3}, None),  # the next attempt has told nothing yet
        ({"begun": False}, None),
        ({"status": "RETRY"}, None),
        ({"status": "COMPLETED"}, None),
        ({"status": "WAITING"}, None),
        ({"progress": None}, None),
    ],
)
async def test_a_run_and_its_task_show_the_attempt_in_progress(api: Api, changes: Any, shown: Any) -> None:
    task, run = await store_run(api, **changes)
    query = f"query($task: ID!, $run: ID!) {{ task(id: $task) {{ {FIELDS} }} run(id: $run) {{ {FIELDS} }} }}"
    expected = {"task": {"progress": shown}, "run": {"progress": shown}}
    assert await api.alice.ask(query, task=task, run=run) == expected
    assert await api.bob.ask(query, task=task, run=run) == {"task": None, "run": None}


async def test_a_task_without_a_run_has_no_progress(api: Api) -> None:
    task = await api.alice.create()
    found = await api.alice.ask(f"query($task: ID!) {{ task(id: $task) {{ {FIELDS} }} }}", task=task)
    assert found["task"]["progress"] is None


async def test_a_step_shows_its_run_or_its_items(api: Api) -> None:
    assert api.alice.user is not None
    owner = api.alice.user.id
    workflow, run_id = new_id(owner), f"{owner}/w1"
    await api.database.workflows.insert_one(_workflow(owner, workflow, 1, T0))
    run = _workflow_run(owner, run_id, workflow, T0, 5)
    run["steps"]["a"]["status"] = "RUNNING"
    run["steps"]["each"] |= {"status": "RUNNING", "items": "CFXRP"}
    await api.database.workflow_runs.insert_one(run)
    told = run_document(run_id, T0, _id=StepRunRef("a").run_id(run_id), status="RUNNING", fence=2, progress=TOLD)
    await api.database.runs.insert_one(told)
    query = f"query($id: ID!) {{ workflowRun(id: $id) {{ {FIELDS} steps {{ {FIELDS} }} }} }}"
    shown = (await api.alice.ask(query, id=ids.encode_id("WorkflowRun", run_id)))["workflowRun"]
    assert shown["progress"] == {"done": 2, "all": 3, "text": None}
    assert [step["progress"] for step in shown["steps"]] == [SHOWN, {"done": 3, "all": 5, "text": None}, None]


async def test_subscribers_are_told_of_it(api: Api) -> None:
    task, run = await store_run(api)
    stored = await api.database.runs.find_one({})
    assert stored is not None
    queries = {
        "runEvents": f"subscription {{ runEvents {{ kind runId status run {{ {FIELDS} }} }} }}",
        "taskEvents": f"subscription {{ taskEvents {{ kind taskId runStatus run {{ {FIELDS} }} }} }}",
    }
    for field, query in queries.items():
        async with open_socket(api, api.alice) as socket:
            await socket.subscribe("1", query)
            assert (await socket.receive())["payload"]["data"][field]["kind"] == "SNAPSHOT"
            api.database.changes.runs_progressed([stored["_id"]])
            event = (await socket.receive())["payload"]["data"][field]
        assert event["run"] == {"progress": SHOWN}
        assert event.get("status", event.get("runStatus")) is None
        assert (event["kind"], event.get("runId", run)) == ("UPDATED" if field == "runEvents" else "RUN_UPDATED", run)
        assert event.get("taskId", task) == task
