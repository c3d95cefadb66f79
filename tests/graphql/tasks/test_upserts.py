"""`upsertTask`: tasks by their names."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from tests.graphql.conftest import Api, Caller

UPSERT = """mutation($i: UpsertTaskInput!) { upsertTask(input: $i) {
  outcome task { id name uniqueName description tags version status } userErrors { field code message } } }"""
CREATE = "mutation($i: CreateTaskInput!) { createTask(input: $i) { task { id } userErrors { field code message } } }"


def given(name: str = "Nightly", **changes: Any) -> dict[str, Any]:
    job = {"http": {"url": "https://example.com/", "token": "s3cret", "headers": {"X-Api-Key": "k", "A": "b"}}}
    return {"name": name, "job": job, "schedule": {"every": {"interval": "PT1H"}}, **changes}


async def upsert(caller: Caller, **changes: Any) -> Any:
    return (await caller.ask(UPSERT, i=given(**changes)))["upsertTask"]


async def create(caller: Caller, **changes: Any) -> Any:
    return (await caller.ask(CREATE, i=given(**changes)))["createTask"]


async def test_the_same_settings_change_nothing_and_others_update_the_task(api: Api) -> None:
    first, again = await upsert(api.alice), await upsert(api.alice)
    changed = await upsert(api.alice, description="rings at night", tags=["a"])
    reset = await upsert(api.alice)
    answers = (first, again, changed, reset)
    assert [each["outcome"] for each in answers] == ["CREATED", "UNCHANGED", "UPDATED", "UPDATED"]
    assert len({each["task"]["id"] for each in answers}) == 1
    assert [each["task"]["version"] for each in answers] == [1, 1, 2, 3]
    assert (changed["task"]["description"], reset["task"]["description"]) == ("rings at night", "")
    assert first["task"]["uniqueName"]
    assert (await upsert(api.alice))["outcome"] == "UNCHANGED"


async def test_a_name_is_the_same_in_other_case_and_belongs_to_its_owner(api: Api) -> None:
    await upsert(api.alice)
    renamed, bobs = await upsert(api.alice, name="NIGHTLY"), await upsert(api.bob)
    assert (renamed["outcome"], renamed["task"]["name"]) == ("UPDATED", "NIGHTLY")
    assert bobs["outcome"] == "CREATED"
    assert await api.database.tasks.count_documents({}) == 2


async def test_settings_that_were_edited_elsewhere_are_applied_again_and_a_pause_stays(api: Api) -> None:
    task = (await upsert(api.alice))["task"]
    await api.alice.ask('mutation($t: ID!) { updateTask(input: {id: $t, tags: ["x"]}) { task { id } } }', t=task["id"])
    again = await upsert(api.alice)
    assert (again["outcome"], again["task"]["tags"]) == ("UPDATED", [])
    await api.alice.ask("mutation($t: ID!) { pauseTask(input: {id: $t}) { task { id } } }", t=task["id"])
    paused = await upsert(api.alice)
    assert (paused["outcome"], paused["task"]["status"]) == ("UNCHANGED", "PAUSED")
    changed = await upsert(api.alice, tags=["y"])
    assert (changed["outcome"], changed["task"]["status"]) == ("UPDATED", "PAUSED")


async def test_many_calls_at_once_make_one_task(api: Api) -> None:
    answers = await asyncio.gather(*(upsert(api.alice) for _ in range(40)))
    assert {each["task"]["id"] for each in answers} == {answers[0]["task"]["id"]}
    assert Counter(each["outcome"] for each in answers)["CREATED"] == 1
    assert await api.database.tasks.count_documents({}) == 1


async def test_the_only_task_with_the_name_is_taken_over_and_one_of_several_is_not(api: Api) -> None:
    made = (await create(api.alice))["task"]
    taken = await upsert(api.alice)
    assert (taken["outcome"], taken["task"]["id"], taken["task"]["uniqueName"]) == ("UPDATED", made["id"], True)
    for _ in range(2):
        await create(api.alice, name="twice")
    refused = await upsert(api.alice, name="Twice")
    assert [(each["code"], each["field"]) for each in refused["userErrors"]] == [("CONFLICT", ["name"])]
    assert "2 of your tasks" in refused["userErrors"][0]["message"]


async def test_a_unique_name_is_refused_to_others_until_its_task_is_deleted(api: Api) -> None:
    task = (await create(api.alice, uniqueName=True))["task"]
    refused = await create(api.alice, name="nightly", uniqueName=True)
    assert [(each["code"], each["field"]) for each in refused["userErrors"]] == [("CONFLICT", ["name"])]
    other = (await create(api.alice, name="nightly"))["task"]
    rename = "mutation($t: ID!) { updateTask(input: {id: $t, uniqueName: true}) { userErrors { field code } } }"
    answer = await api.alice.ask(rename, t=other["id"])
    assert answer["updateTask"]["userErrors"] == [{"field": ["name"], "code": "CONFLICT"}]
    await api.alice.ask("mutation($t: ID!) { deleteTask(input: {id: $t}) { deletedTaskId } }", t=task["id"])
    assert (await api.alice.ask(rename, t=other["id"]))["updateTask"]["userErrors"] == []


async def test_a_name_that_a_task_was_renamed_from_is_created_anew(api: Api) -> None:
    rename = "mutation($t: ID!, $n: String!) { updateTask(input: {id: $t, name: $n}) { userErrors { message } } }"
    for number in range(3):
        saved = await upsert(api.alice)
        assert (saved["outcome"], saved["userErrors"]) == ("CREATED", [])
        await api.alice.ask(rename, t=saved["task"]["id"], n=f"Nightly {number}")
    assert await api.database.tasks.count_documents({"unique_name": True}) == 3


async def test_a_repeated_creation_with_a_unique_name_returns_the_task(api: Api) -> None:
    first, again = [await create(api.alice, uniqueName=True, idempotencyKey="k") for _ in range(2)]
    assert first["task"] == again["task"]
    await api.database.idempotency_keys.update_many({}, {"$set": {"done": False}})  # as if the first were interrupted
    assert (await create(api.alice, uniqueName=True, idempotencyKey="k"))["task"] == first["task"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"name": " "}, ["name"]), ({"description": "x" * 2001}, ["description"]), ({"queue": "none"}, ["queue"])],
    ids=["name", "description", "queue"],
)
async def test_invalid_settings_are_refused_on_their_field(api: Api, changes: dict[str, Any], field: list[str]) -> None:
    answer = await upsert(api.alice, **changes)
    assert [each["field"] for each in answer["userErrors"]] == [field]
    assert answer["outcome"] is None
