# ruff: noqa: E501  # tables read best in rows
"""Batches of tasks over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from beanie.odm.documents import Document
from pymongo.errors import AutoReconnect

from tests.graphql.conftest import HTTP_JOB, Api
from tests.graphql.limits.test_query_cost import cost, operation_cost
from tocsin import clock
from tocsin.documents import Task
from tocsin.graphql import ids

FIELDS = (
    "results { index task { id name nextRunAt } userErrors { field code message } } userErrors { field code message }"
)
MUTATION = f"mutation($i: CreateTasksInput!) {{ createTasks(input: $i) {{ {FIELDS} }} }}"
WRONG: dict[str, dict[str, Any]] = {
    "name": {"name": ""},
    "schedule.cron.expression": {"schedule": {"cron": {"expression": "61 * * * *"}}},
    "schedule.at": {"schedule": {"at": "2020-01-01T00:00:00Z"}},
    "job.http.url": {"job": {"http": {"url": "https://user@example.com/"}}},
    "retry.maxRetries": {"retry": {"maxRetries": 100}},
    "idempotencyKey": {"idempotencyKey": "mine"},
}


def given(n: int = 0, **more: Any) -> dict[str, Any]:
    return {"name": f"task {n}", "job": HTTP_JOB, "schedule": {"every": {"interval": "PT1H"}}, **more}


async def create(api: Api, tasks: list[dict[str, Any]], **more: Any) -> Any:
    return await api.alice.do("createTasks", {"tasks": tasks, **more}, FIELDS)


async def saved(api: Api) -> list[str]:
    return [task["name"] for task in await api.database.tasks.find({}).sort("_id", 1).to_list()]


async def test_a_thousand_tasks_are_saved_within_the_default_limits(api: Api) -> None:
    tasks = [given(n) for n in range(999)]
    tasks.insert(400, given(999, schedule={"now": True}))
    answer = await api.alice.http.post(
        "/graphql",
        json={"query": MUTATION, "variables": {"i": {"tasks": tasks, "idempotencyKey": "k"}}},
        headers={"Authorization": f"Bearer {api.alice.token}"},
    )
    payload = answer.json()["data"]["createTasks"]
    assert payload["userErrors"] == []
    assert [result["index"] for result in payload["results"]] == list(range(1000))
    assert [result["task"]["name"] for result in payload["results"]] == [task["name"] for task in tasks]
    assert await saved(api) == [task["name"] for task in tasks]
    first = await api.database.tasks.find_one({"name": "task 999"})
    assert first is not None
    assert api.woken.due == [first["next_run_at"]]
    assert answer.json()["extensions"]["cost"]["requested"] == 20_232


@pytest.mark.parametrize("place", WRONG)
async def test_an_error_has_the_path_of_create_task_below_its_index(api: Api, place: str) -> None:
    alone = await api.alice.do("createTask", given(**WRONG[place]))
    payload = await create(api, [given(0), given(1, **WRONG[place])])
    (fault,) = payload["results"][1]["userErrors"]
    assert fault["field"] == ["tasks", "1", *place.split(".")]
    if place != "idempotencyKey":
        assert [{**fault, "field": fault["field"][2:]}] == alone["userErrors"]


async def test_all_or_nothing_reports_every_error_and_saves_nothing(api: Api) -> None:
    tasks = [given(n) for n in range(600)]
    tasks[300], tasks[301] = given(300, **WRONG["name"]), given(301, **WRONG["schedule.at"])
    payload = await create(api, tasks, idempotencyKey="k")
    assert payload["userErrors"] == [
        {
            "field": ["tasks"],
            "code": "INVALID",
            "message": "Nothing was saved: 2 of 600 tasks are invalid, see `results`.",
        }
    ]
    assert [result["index"] for result in payload["results"] if result["userErrors"]] == [300, 301]
    assert [result["task"] for result in payload["results"]] == [None] * 600
    assert await saved(api) == []
    assert api.woken.due == []
    # the key was not used up: with what is right, it is good
    assert (await create(api, [given()], idempotencyKey="k"))["userErrors"] == []


async def test_each_saves_the_valid_tasks(api: Api) -> None:
    tasks = [given(0), *(given(1, **wrong) for wrong in WRONG.values()), given(2)]
    payload = await create(api, tasks, mode="EACH", idempotencyKey="k")
    assert payload["userErrors"] == []
    assert [len(result["userErrors"]) for result in payload["results"]] == [0, *[1] * len(WRONG), 0]
    assert [result["task"] is not None for result in payload["results"]] == [True, *[False] * len(WRONG), True]
    assert await saved(api) == ["task 0", "task 2"]
    assert await create(api, tasks, mode="EACH", idempotencyKey="k") == payload
    none = await create(api, [given(**WRONG["name"])], mode="EACH")
    assert none["userErrors"] == []
    assert none["results"][0]["task"] is None
    assert await saved(api) == ["task 0", "task 2"]


@pytest.mark.parametrize("count", [0, 1001])
@pytest.mark.parametrize("mode", ["ALL_OR_NOTHING", "EACH"])
async def test_none_and_too_many_are_refused(api: Api, count: int, mode: str) -> None:
    payload = await create(api, [given(n) for n in range(count)], mode=mode)
    message = f"Give 1 to 1,000 tasks, not {count:,}."
    assert payload == {"results": [], "userErrors": [{"field": ["tasks"], "code": "INVALID", "message": message}]}
    assert await saved(api) == []


# --- idempotency ----------------------------------------------------------------------------------------------------


async def test_the_same_key_answers_the_same_although_a_time_has_passed(api: Api) -> None:
    at = clock.now() + timedelta(milliseconds=500)
    tasks = [given(0), given(1, schedule={"at": at.isoformat()}), given(2, schedule={"now": True})]
    first = await create(api, tasks, idempotencyKey="k")
    assert first["userErrors"] == []
    while clock.now() <= at:
        await api.database.ping()
    assert await create(api, tasks, idempotencyKey="k") == first
    assert len(await saved(api)) == 3
    for changed in ({"tasks": tasks[:2]}, {"tasks": tasks, "mode": "EACH"}):
        other = await api.alice.do("createTasks", {**changed, "idempotencyKey": "k"}, FIELDS)
        assert [(error["field"], error["code"]) for error in other["userErrors"]] == [
            (["idempotencyKey"], "IDEMPOTENCY_KEY_REUSED")
        ]
        assert other["results"] == []
    await api.alice.do("deleteTask", {"id": first["results"][1]["task"]["id"]})
    gone = await create(api, tasks, idempotencyKey="k")
    assert [(error["field"], error["code"]) for error in gone["results"][1]["userErrors"]] == [
        (["tasks", "1"], "CONFLICT")
    ]
    assert [gone["results"][at] for at in (0, 2)] == [first["results"][at] for at in (0, 2)]
    bobs = await api.bob.do("createTasks", {"tasks": [given()], "idempotencyKey": "k"}, FIELDS)
    assert bobs["userErrors"] == []


async def test_a_key_that_is_none_is_refused(api: Api) -> None:
    payload = await create(api, [given()], idempotencyKey="")
    assert [error["field"] for error in payload["userErrors"]] == [["idempotencyKey"]]
    assert await saved(api) == []


async def test_the_same_call_many_times_at_once_answers_the_same(api: Api) -> None:
    tasks = [given(n, schedule={"now": True}) for n in range(20)]
    answers = await asyncio.gather(*(create(api, tasks, idempotencyKey="k") for _ in range(8)))
    assert answers[0]["userErrors"] == []
    assert answers == [answers[0]] * 8
    assert len(await saved(api)) == 20


@pytest.mark.parametrize("mode", ["ALL_OR_NOTHING", "EACH"])
async def test_a_repeat_after_a_death_between_two_batches_completes_what_was_begun(
    api: Api, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """Also if a time has passed since the first call: a repeated call must not leave half of a list unsaved."""
    at = clock.now() + timedelta(seconds=3)
    tasks = [given(n) for n in range(600)]
    tasks[599] = given(599, schedule={"at": at.isoformat()})
    with monkeypatch.context() as patched:
        patched.setattr(Task, "insert_many", classmethod(_fails_at_the_second()))
        variables = {"i": {"tasks": tasks, "mode": mode, "idempotencyKey": "k"}}
        (error,) = (await api.alice.post(MUTATION, variables))["errors"]
    assert error["extensions"]["code"] == "UNAVAILABLE"
    assert "saves the missing tasks and none twice" in error["message"]
    half = await api.database.tasks.find({}).to_list()
    assert len(half) == 250
    while clock.now() <= at:
        await api.database.ping()
    payload = await create(api, tasks, mode=mode, idempotencyKey="k")
    assert payload["userErrors"] == []
    assert (
        [result["task"]["name"] for result in payload["results"]]
        == await saved(api)
        == [f"task {n}" for n in range(600)]
    )
    assert await api.database.tasks.find({"_id": {"$in": [task["_id"] for task in half]}}).to_list() == half
    assert await create(api, tasks, mode=mode, idempotencyKey="k") == payload


def _fails_at_the_second() -> Callable[..., Awaitable[Any]]:
    real: Any = Document.insert_many
    calls = []

    async def insert_many(cls: type[Task], documents: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise AutoReconnect("the database is away")
        return await real.__func__(cls, documents, **options)

    return insert_many


async def test_secrets_are_sealed_and_ids_are_those_of_tasks(api: Api) -> None:
    secret = {"http": {"url": "https://example.com/", "token": "sekret"}}
    payload = await create(api, [given(job=secret)], idempotencyKey="k")
    task_id = payload["results"][0]["task"]["id"]
    assert ids.decode_id(task_id)[0] == "Task"
    stored = [await api.database.tasks.find({}).to_list(), await api.database.idempotency_keys.find({}).to_list()]
    assert "sekret" not in str(stored)
    ran = await api.alice.do("runTask", {"id": task_id}, "run { status } userErrors { code }")
    assert ran == {"run": {"status": "QUEUED"}, "userErrors": []}


# --- cost -----------------------------------------------------------------------------------------------------------


def test_the_cost_grows_with_the_tasks_that_are_given() -> None:
    query = (
        "mutation($i: CreateTasksInput!) { createTasks(input: $i) { results { index task { id } userErrors { code } } "
        "userErrors { code } } }"
    )
    parted = 'mutation($t: [CreateTaskInput!]! = [{name: "a"}, {name: "b"}]) { createTasks(input: {mode: EACH, tasks: $t}) { ...p } } fragment p on CreateTasksPayload { results { index } }'
    fixed = 101 + 11
    each = 10 + 1 + 1 + 2 + 2  # written; results, index, task { id }, userErrors { code }
    assert cost(query, i={"tasks": [{}] * 3}) == fixed + 3 * each
    assert cost(query, i={"tasks": [{}] * 1000}) == fixed + 1000 * each
    assert cost(query, i={"tasks": [{}] * 5000}) == fixed + 1000 * each  # refused later, with a better message
    assert cost(parted, t=[{}] * 7) == 101 + 7 * 12
    assert cost(parted) == 101 + 2 * 12
    assert operation_cost(query, i={}).variables == ("i",)


@pytest.mark.parametrize(
    ("given", "things"),
    [("input: {tasks: [{}, {}, {}]}", 3), ("input: {tasks: []}", 1), ("input: {tasks: {}}", 1), ("input: {}", 1), ("", 1), ("input: 3", 1), ("input: $i", 1), ("input: $unknown", 1)],
)  # fmt: skip
def test_whatever_is_given_has_a_cost(given: str, things: int) -> None:
    query = f"mutation($i: CreateTasksInput) {{ createTasks({given} x: 1) {{ results {{ index }} }} }}"
    values: tuple[Any, ...] = (None, 1, "x", [], {}, {"tasks": 7}, {"tasks": "xyz"}, {"tasks": None}, {"tasks": {}})
    for value in values:
        assert cost(query, i=value) == 101 + things * 12
    assert cost(query) == 101 + things * 12
