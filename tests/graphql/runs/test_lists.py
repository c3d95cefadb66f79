"""Lists of runs: their filters, of all tasks and of one."""

from datetime import timedelta

from tests.graphql.conftest import T0, Api, run_document, stored_task, task_document
from tocsin.graphql import ids

RUNS = "query($f: RunFilter, $o: RunOrder) { runs(filter: $f, orderBy: $o) { nodes { id } totalCount } }"


async def test_filters(api: Api) -> None:
    assert api.alice.user is not None
    tasks = [task_document(api.alice.user.id, T0), task_document(api.alice.user.id, T0)]
    await api.database.tasks.insert_many(tasks)
    first, second = (task["_id"] for task in tasks)
    runs = [
        run_document(first, T0, status="FAILED", error={"kind": "TIMEOUT", "message": "m", "hint": None}),
        run_document(first, T0 + timedelta(days=1), trigger="MANUAL"),
        run_document(second, T0 + timedelta(days=2), task_name="Other"),
    ]
    await api.database.runs.insert_many(runs)
    names = dict(zip((ids.encode_id("Run", run["_id"]) for run in runs), "abc", strict=True))
    task = ids.encode_id("Task", first)
    for filter_, expected in [
        ({}, "cba"),
        ({"taskId": task}, "ba"),
        ({"taskId": task, "status": ["FAILED", "COMPLETED"], "trigger": "SCHEDULE"}, "a"),
        ({"taskName": "other"}, "c"),
        ({"errorKind": ["TIMEOUT", "DNS"]}, "a"),
        ({"errorKind": ["DNS"]}, ""),
        ({"dueAt": {"from": "2026-03-02T12:00:00Z"}}, "cb"),
        ({"dueAt": {"from": "2026-03-01T12:00:00Z", "to": "2026-03-02T12:00:00Z"}}, "a"),
        ({"dueAt": {"from": "2026-03-03T00:00:00Z", "to": "2026-03-02T12:00:00Z"}}, ""),
    ]:
        for field in ("DUE_AT", "CREATED_AT"):
            page = (await api.alice.ask(RUNS, f=filter_, o={"field": field}))["runs"]
            found = "".join(names[node["id"]] for node in page["nodes"])
            assert (found, page["totalCount"]) == (expected, len(expected)), (filter_, field)
    of_task = await api.alice.ask(
        "query($id: ID!) { task(id: $id) { runs(first: 1) { totalCount nodes { id } } } }", id=task
    )
    assert of_task["task"]["runs"] == {"totalCount": 2, "nodes": [{"id": ids.encode_id("Run", runs[1]["_id"])}]}


async def test_runs_of_a_task_of_another_owner_are_none(api: Api) -> None:
    assert api.alice.user is not None
    task = task_document(api.alice.user.id, T0)
    await api.database.tasks.insert_one(task)
    await api.database.runs.insert_one(run_document(task["_id"], T0))
    for field in ("DUE_AT", "CREATED_AT"):
        variables = {"f": {"taskId": ids.encode_id("Task", task["_id"])}, "o": {"field": field}}
        assert (await api.bob.ask(RUNS, **variables))["runs"] == {"nodes": [], "totalCount": 0}
        assert (await api.alice.ask(RUNS, **variables))["runs"]["totalCount"] == 1


async def test_a_run_that_was_claimed_and_has_not_begun_is_found_as_queued(api: Api) -> None:
    await api.alice.create()
    task_id = (await stored_task(api))["_id"]
    states = [("RUNNING", {"begun": False}), ("RUNNING", {}), ("CANCELLED", {"begun": False}), ("QUEUED", {})]
    runs = [
        run_document(task_id, T0 + number * timedelta(minutes=1), status=status, open=status != "CANCELLED", **more)
        for number, (status, more) in enumerate(states)
    ]
    await api.database.runs.insert_many(runs)
    query = "query($s: [RunStatus!]!) { runs(filter: {status: $s}) { totalCount nodes { status } } }"
    for asked, expected in (
        (["QUEUED"], ["QUEUED", "QUEUED"]),
        (["RUNNING"], ["RUNNING"]),
        (["CANCELLED", "RUNNING"], ["CANCELLED", "RUNNING"]),
        (["QUEUED", "RUNNING"], ["QUEUED", "QUEUED", "RUNNING"]),
    ):
        found = (await api.alice.ask(query, s=asked))["runs"]
        assert sorted(run["status"] for run in found["nodes"]) == expected
        assert found["totalCount"] == len(expected)
