"""Lists of tasks: their filters."""

from datetime import timedelta

from tests.graphql.conftest import T0, Api, task_document
from tocsin.graphql import ids

TASKS = "query($f: TaskFilter) { tasks(filter: $f) { nodes { id } totalCount } }"


async def test_filters(api: Api) -> None:
    assert api.alice.user is not None
    owner = api.alice.user.id
    tasks = [
        task_document(owner, T0, name="Backup (daily) 100%", tags=["a", "b"], status="PAUSED", next_run_at=None),
        task_document(owner, T0 + timedelta(days=1), name="ping", tags=["a"], description="Rings nightly."),
        task_document(owner, T0 + timedelta(days=2), name="gone", hold="DELETED", status="CANCELLED", next_run_at=None),
    ]
    await api.database.tasks.insert_many(tasks)
    backup, ping = (ids.encode_id("Task", task["_id"]) for task in tasks[:2])
    for filter_, expected in [
        ({}, [ping, backup]),
        ({"status": ["PAUSED"]}, [backup]),
        ({"status": []}, []),
        ({"name": "(DAILY) 100%"}, [backup]),
        ({"name": ".*"}, []),
        ({"text": "nightly"}, [ping]),
        ({"text": "BACKUP"}, [backup]),
        ({"tags": ["a"]}, [ping, backup]),
        ({"tags": ["a", "b"]}, [backup]),
        ({"nextRunAt": {"from": "2026-03-02T12:00:00Z"}}, [ping]),
        ({"nextRunAt": {"to": "2026-03-02T12:00:00Z"}}, []),
    ]:
        page = (await api.alice.ask(TASKS, f=filter_))["tasks"]
        assert ([node["id"] for node in page["nodes"]], page["totalCount"]) == (expected, len(expected)), filter_


async def test_tasks_by_name(api: Api) -> None:
    assert api.alice.user is not None
    owner = api.alice.user.id
    tasks = [task_document(owner, T0, name=name) for name in ("b", "A", "c", "B")]
    gone = task_document(owner, T0, name="a", hold="DELETED", status="CANCELLED")
    await api.database.tasks.insert_many([*tasks, gone])
    query = """query($after: String, $d: OrderDirection!, $f: TaskFilter) {
      tasks(first: 3, after: $after, filter: $f, orderBy: {field: NAME, direction: $d}) {
        totalCount nodes { name } edges { cursor } pageInfo { hasNextPage endCursor } } }"""
    first = (await api.alice.ask(query, d="ASC"))["tasks"]
    after = first["pageInfo"]["endCursor"]
    assert first["edges"][-1]["cursor"] == after
    second = (await api.alice.ask(query, d="ASC", after=after))["tasks"]
    names = [node["name"] for page in (first, second) for node in page["nodes"]]
    assert (names[0], sorted(names[1:3]), names[3]) == ("A", ["B", "b"], "c")
    assert (first["totalCount"], second["pageInfo"]["hasNextPage"]) == (4, False)
    filtered = (await api.alice.ask(query, d="DESC", f={"name": "b", "status": ["PENDING"]}))["tasks"]
    assert {node["name"] for node in filtered["nodes"]} == {"b", "B"}
    refused = await api.alice.post(query, {"d": "ASC", "after": "nonsense"})
    assert refused["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT", "field": ["after"]}


async def test_the_queue_of_a_task_has_its_limits(api: Api) -> None:
    assert api.alice.user is not None
    await api.database.tasks.insert_one(task_document(api.alice.user.id, T0))
    query = "{ tasks { nodes { queue assignedQueue { name paused depth } } } }"
    (node,) = (await api.alice.ask(query))["tasks"]["nodes"]
    assert node == {"queue": "default", "assignedQueue": {"name": "default", "paused": False, "depth": 0}}


async def test_errors_name_the_field_of_the_filter(api: Api) -> None:
    for filter_, field, message in [
        ({"name": "a" * 201}, "name", "The search text can have at most 200 characters, and no NUL character."),
        ({"tags": ["a"] * 21}, "tags", "Set at most 20 tags; there are 21."),
    ]:
        error = (await api.alice.post(TASKS, {"f": filter_}))["errors"][0]
        assert error["message"] == message
        assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": ["filter", field]}
