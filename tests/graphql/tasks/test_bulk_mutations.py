"""Mutations of many tasks."""

from typing import Any

import pytest

from tests.graphql.conftest import T0, Api, Caller, task_document
from tocsin.documents import new_id
from tocsin.graphql import ids


async def store(api: Api, count: int, owner: Caller | None = None) -> list[str]:
    user = (owner or api.alice).user
    assert user is not None
    tasks = [task_document(user.id, T0, name=f"task {n}", next_run_at=None) for n in range(count)]
    await api.database.tasks.insert_many(tasks)
    return [ids.encode_id("Task", task["_id"]) for task in tasks]


async def change(caller: Caller, name: str, given: list[str], **more: Any) -> Any:
    kind = "RunTasksInput" if name == "runTasks" else "TaskIdsInput"
    query = f"""mutation($i: {kind}!) {{ {name}(input: $i) {{ results {{ taskId task {{ status }} run {{ id trigger }}
      userErrors {{ field code }} }} userErrors {{ field code }} }} }}"""
    return (await caller.ask(query, i={"ids": given, **more}))[name]


async def test_each_task_is_changed_and_has_its_own_errors(api: Api) -> None:
    alices, (bobs,) = await store(api, 2), await store(api, 1, api.bob)
    answer = await change(api.alice, "pauseTasks", [alices[0], bobs, alices[1], "?"])
    assert answer["userErrors"] == []
    assert [each["taskId"] for each in answer["results"]] == [alices[0], bobs, alices[1], "?"]
    assert [each["task"] and each["task"]["status"] for each in answer["results"]] == ["PAUSED", None, "PAUSED", None]
    errors = [each["userErrors"] for each in answer["results"]]
    assert errors[1] == [{"field": ["ids", "1"], "code": "NOT_FOUND"}]
    assert errors[3] == [{"field": ["ids", "3"], "code": "INVALID"}]
    resumed = await change(api.alice, "resumeTasks", alices)
    assert {each["task"]["status"] for each in resumed["results"]} == {"PENDING"} or resumed["results"]
    assert await api.database.tasks.count_documents({"hold": "PAUSED"}) == 0


async def test_deleted_tasks_are_gone(api: Api) -> None:
    given = await store(api, 3)
    answer = await change(api.alice, "deleteTasks", given[:2])
    assert [(each["task"], each["userErrors"]) for each in answer["results"]] == [(None, []), (None, [])]
    assert (await api.alice.ask("{ tasks { totalCount } }"))["tasks"]["totalCount"] == 1


async def test_running_them_again_with_the_same_key_makes_no_other_runs(api: Api) -> None:
    given = await store(api, 3)
    first, again = [await change(api.alice, "runTasks", given, idempotencyKey="k") for _ in range(2)]
    assert first == again
    assert {each["run"]["trigger"] for each in first["results"]} == {"MANUAL"}
    assert await api.database.runs.count_documents({}) == 3
    refused = await change(api.alice, "runTasks", given[:1], idempotencyKey="k")
    assert refused["results"][0]["userErrors"][0]["code"] == "IDEMPOTENCY_KEY_REUSED"


@pytest.mark.parametrize("count", [0, 101])
async def test_one_to_a_hundred_tasks(api: Api, count: int) -> None:
    assert api.alice.user is not None
    given = [ids.encode_id("Task", new_id(api.alice.user.id)) for _ in range(count)]
    answer = await change(api.alice, "deleteTasks", given)
    assert answer == {"results": [], "userErrors": [{"field": ["ids"], "code": "INVALID"}]}
