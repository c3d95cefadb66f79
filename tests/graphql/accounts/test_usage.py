"""Quotas in the API: alice reaches each of them, bob is unaffected, carol raises it."""

import asyncio
from typing import Any

import pytest

from tests.graphql.conftest import HTTP_JOB, Api, Caller
from tests.harness import wait_until
from tocsin.config import Settings
from tocsin.graphql import ids
from tocsin.quotas import Quota, UsageMeter, resource_counter
from tocsin.quotas.limits import MEGABYTE

SHOWN = "userErrors { field code message }"
USAGE = "{ viewer { usage { quota used limit resetsAt unit } } }"
EVERY = {"every": {"interval": "PT1H"}}
LIMITS = {
    "quota_tasks": 3, "quota_workflows": 2, "quota_workflow_versions": 4, "quota_runs_per_minute": 0,
    "quota_runs_per_day": 2, "quota_storage": 1, "quota_mails_per_day": 2, "quota_api_tokens": 2,
    "quota_idempotency_keys_per_day": 2,
}  # fmt: skip


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update=LIMITS)


async def usage(caller: Caller) -> dict[str, dict[str, Any]]:
    rows = (await caller.ask(USAGE))["viewer"]["usage"]
    return {row["quota"]: row for row in rows}


async def mutate(caller: Caller, document: str, **variables: Any) -> Any:
    (payload,) = (await caller.ask(f"mutation{document}", **variables)).values()
    return payload


def is_refused(payload: Any, quota: str, used: int, limit: int) -> bool:
    (fault,) = payload["userErrors"]
    assert fault["code"] == "QUOTA_EXCEEDED", fault
    assert fault["message"].startswith(f"The quota {quota} is reached: you have {used} of {limit} "), fault
    return True


async def task(caller: Caller, name: str = "x") -> Any:
    given = {"name": name, "job": HTTP_JOB, "schedule": EVERY}
    return await caller.do("createTask", given, f"task {{ id }} {SHOWN}")


async def lift(api: Api, quota: str, limit: int | None = 0) -> None:
    assert api.alice.user is not None
    done = await mutate(
        api.carol,
        "($id: ID!, $quota: Quota!, $limit: Int) { setUserQuota(input: {id: $id, quota: $quota, limit: $limit}) "
        f"{{ user {{ email usage {{ quota limit }} }} {SHOWN} }} }}",
        id=ids.encode_id("User", api.alice.user.id), quota=quota, limit=limit,
    )  # fmt: skip
    assert done["userErrors"] == []
    shown = {row["quota"]: row["limit"] for row in done["user"]["usage"]}
    assert shown[quota] == (LIMITS[f"quota_{quota.lower()}"] if limit is None else limit or None)


async def test_tasks(api: Api) -> None:
    created = [await task(api.alice, str(number)) for number in range(3)]
    assert is_refused(await task(api.alice), "TASKS", 3, 3)
    assert (await task(api.bob))["userErrors"] == []
    await api.alice.do("deleteTask", {"id": created[0]["task"]["id"]})
    assert (await task(api.alice))["userErrors"] == []
    await lift(api, "TASKS", 4)
    assert (await task(api.alice))["userErrors"] == []
    assert is_refused(await task(api.alice), "TASKS", 4, 4)
    assert (await usage(api.alice))["TASKS"] == {
        "quota": "TASKS", "used": 4, "limit": 4, "resetsAt": None, "unit": "COUNT"
    }  # fmt: skip
    await lift(api, "TASKS", None)
    assert is_refused(await task(api.alice), "TASKS", 4, 3)


async def test_tasks_made_at_once_do_not_pass_the_limit_together(api: Api) -> None:
    made = await asyncio.gather(*(task(api.alice, str(number)) for number in range(12)))
    assert sum(one["task"] is not None for one in made) == 3
    assert (await usage(api.alice))["TASKS"]["used"] == 3


async def test_tasks_of_a_list_are_saved_all_or_none(api: Api) -> None:
    given = {"tasks": [{"name": str(number), "job": HTTP_JOB, "schedule": EVERY} for number in range(4)]}
    fields = f"results {{ task {{ id }} }} {SHOWN}"
    refused = await api.alice.do("createTasks", given, fields)
    assert is_refused(refused, "TASKS", 0, 3)
    assert "asked for 4 more" in refused["userErrors"][0]["message"]
    assert (await usage(api.alice))["TASKS"]["used"] == 0
    given["tasks"].pop()
    assert (await api.alice.do("createTasks", given, fields))["userErrors"] == []
    assert is_refused(await task(api.alice), "TASKS", 3, 3)


async def test_a_task_that_has_ended_counts_again_once_it_has_a_new_schedule(api: Api) -> None:
    made = [(await task(api.alice, str(number)))["task"]["id"] for number in range(3)]
    await api.alice.do("cancelTask", {"id": made[0]})

    async def is_counted() -> bool:  # a count is cached for twenty times as long as it took
        return bool((await usage(api.alice))["TASKS"]["used"] == 2)

    await wait_until(is_counted)
    made.append((await task(api.alice, "one more"))["task"]["id"])
    revived = await api.alice.do("updateTask", {"id": made[0], "schedule": {"every": {"interval": "PT2H"}}})
    assert is_refused(revived, "TASKS", 3, 3)
    assert (await api.alice.do("updateTask", {"id": made[0], "name": "its name may change"}))["userErrors"] == []


def workflow(name: str, text: str = "a") -> str:
    return f"name: {name}\ndescription: {text}\nsteps:\n  - key: one\n    job: http\n    params: {{url: https://example.com/}}\n"


async def save(caller: Caller, name: str, text: str = "a") -> Any:
    document = "($yaml: String!) { saveWorkflow(input: {yaml: $yaml}) { workflow { id } " + SHOWN + " } }"
    return await mutate(caller, document, yaml=workflow(name, text))


async def test_workflows_and_their_versions(api: Api) -> None:
    for name in ("first", "second"):
        assert (await save(api.alice, name))["userErrors"] == []
    assert is_refused(await save(api.alice, "third"), "WORKFLOWS", 2, 2)
    for text in ("b", "c"):
        assert (await save(api.alice, "first", text))["userErrors"] == []
    assert (await save(api.alice, "first", "c"))["userErrors"] == []  # changes nothing
    assert is_refused(await save(api.alice, "first", "d"), "WORKFLOW_VERSIONS", 4, 4)
    assert (await save(api.bob, "first"))["userErrors"] == []
    await lift(api, "WORKFLOW_VERSIONS")
    assert (await save(api.alice, "first", "d"))["userErrors"] == []


async def test_runs_by_hand(api: Api) -> None:
    made = (await task(api.alice))["task"]["id"]
    await save(api.alice, "flow")
    run = "{ run { id } userErrors { field code message } }"
    execute = '{ executeWorkflow(input: {name: "flow"}) { workflowRun { id } ' + SHOWN + " } }"
    assert (await mutate(api.alice, f"($id: ID!) {{ runTask(input: {{id: $id}}) {run} }}", id=made))["userErrors"] == []
    assert (await mutate(api.alice, execute))["userErrors"] == []
    refused = await mutate(api.alice, f"($id: ID!) {{ runTask(input: {{id: $id}}) {run} }}", id=made)
    assert is_refused(refused, "RUNS_PER_DAY", 2, 2)
    assert is_refused(await mutate(api.alice, execute), "RUNS_PER_DAY", 2, 2)
    replay = "{ replayDeadLetters(input: {}) { count " + SHOWN + " } }"
    assert is_refused(await mutate(api.alice, replay), "RUNS_PER_DAY", 2, 2)
    (run_id,) = [row["_id"] async for row in api.database.runs.find({}, {"_id": 1})]
    await api.database.runs.update_one({"_id": run_id}, {"$set": {"status": "FAILED", "open": False}})
    again = await mutate(
        api.alice, f"($id: ID!) {{ retryRun(input: {{id: $id}}) {run} }}", id=ids.encode_id("Run", run_id)
    )
    assert is_refused(again, "RUNS_PER_DAY", 2, 2)
    shown = (await usage(api.alice))["RUNS_PER_DAY"]
    assert (shown["used"], shown["limit"], shown["resetsAt"][11:]) == (2, 2, "00:00:00Z")
    await lift(api, "RUNS_PER_DAY", 3)
    assert (await mutate(api.alice, execute))["userErrors"] == []
    assert (await usage(api.bob))["RUNS_PER_DAY"]["used"] == 0


async def test_an_answer_that_was_given_before_is_given_again_at_the_limit(api: Api) -> None:
    made = (await task(api.alice))["task"]["id"]
    document = '($id: ID!) { runTask(input: {id: $id, idempotencyKey: "k"}) { run { id } ' + SHOWN + " } }"
    first = await mutate(api.alice, document, id=made)
    await mutate(api.alice, "($id: ID!) { runTask(input: {id: $id}) { run { id } } }", id=made)
    assert await mutate(api.alice, document, id=made) == first


async def test_idempotency_keys(api: Api) -> None:
    for key in ("a", "b"):
        made = await api.alice.do(
            "createTask", {"name": key, "job": HTTP_JOB, "schedule": EVERY, "idempotencyKey": key}, SHOWN
        )
        assert made["userErrors"] == []
    refused = await api.alice.do(
        "createTask", {"name": "c", "job": HTTP_JOB, "schedule": EVERY, "idempotencyKey": "c"}, SHOWN
    )
    assert is_refused(refused, "IDEMPOTENCY_KEYS_PER_DAY", 2, 2)
    assert refused["userErrors"][0]["field"] == ["idempotencyKey"]
    await lift(api, "IDEMPOTENCY_KEYS_PER_DAY")
    assert (await task(api.alice))["userErrors"] == []


async def test_api_tokens(api: Api) -> None:
    document = '{ createApiToken(input: {name: "ci", scopes: [READ]}) { apiToken { id } ' + SHOWN + " } }"
    made = [await mutate(api.alice, document) for _ in range(2)]
    assert is_refused(await mutate(api.alice, document), "API_TOKENS", 2, 2)
    assert (await mutate(api.bob, document))["userErrors"] == []
    revoke = "($id: ID!) { revokeApiToken(input: {id: $id}) { userErrors { code } } }"
    await mutate(api.alice, revoke, id=made[0]["apiToken"]["id"])
    assert (await mutate(api.alice, document))["userErrors"] == []


async def test_storage_that_cannot_be_freed_refuses_what_is_new(api: Api) -> None:
    assert api.alice.user is not None
    api.services.quotas.meter.add_bytes(api.alice.user.id, MEGABYTE + 1)
    assert is_refused(await task(api.alice), "STORAGE", 2, 1)
    assert is_refused(await save(api.alice, "flow"), "STORAGE", 2, 1)
    assert (await usage(api.alice))["STORAGE"]["unit"] == "MEGABYTES"
    assert (await task(api.bob))["userErrors"] == []
    await lift(api, "STORAGE", 3)
    assert (await task(api.alice))["userErrors"] == []


async def test_what_is_saved_counts_as_stored_and_what_is_deleted_does_not(api: Api) -> None:
    assert api.alice.user is not None
    body = {"http": {"url": "https://example.com/", "method": "POST", "bodyText": "x" * 200_000}}
    made = await api.alice.do("createTask", {"name": "big", "job": body, "schedule": EVERY}, f"task {{ id }} {SHOWN}")
    (pending,) = [one for one in api.services.quotas.meter.drain_pending() if one.owner == api.alice.user.id]
    assert pending.storage > 200_000
    await api.alice.do("deleteTask", {"id": made["task"]["id"]})
    (freed,) = [one for one in api.services.quotas.meter.drain_pending() if one.owner == api.alice.user.id]
    assert freed.storage == -pending.storage


async def test_a_task_that_grows_or_shrinks_counts_as_what_it_is_then(api: Api) -> None:
    assert api.alice.user is not None
    meter, id_ = api.services.quotas.meter, (await task(api.alice))["task"]["id"]

    async def update(size: int) -> Any:
        body = {"http": {"url": "https://example.com/", "method": "POST", "bodyText": "x" * size}}
        return await api.alice.do("updateTask", {"id": id_, "job": body}, f"task {{ id }} {SHOWN}")

    meter.drain_pending()
    for size, grows_by in ((200_000, 200_000), (1_000, -199_000)):
        assert (await update(size))["userErrors"] == []
        (pending,) = [one for one in meter.drain_pending() if one.owner == api.alice.user.id]
        assert abs(pending.storage - grows_by) < 1_000
    meter.add_bytes(api.alice.user.id, MEGABYTE + 1)
    assert is_refused(await update(200_000), "STORAGE", 2, 1)
    assert (await update(10))["userErrors"] == []


async def test_a_repeated_call_stores_nothing_more(api: Api) -> None:
    assert api.alice.user is not None
    owner, meter = api.alice.user.id, api.services.quotas.meter
    await save(api.alice, "flow")
    execute = '{ executeWorkflow(input: {name: "flow", idempotencyKey: "k"}) { workflowRun { id } ' + SHOWN + " } }"
    given = {"tasks": [{"name": "x", "job": HTTP_JOB, "schedule": EVERY}], "idempotencyKey": "k"}
    meter.drain_pending()
    for repeat in (False, True):
        assert (await mutate(api.alice, execute))["userErrors"] == []
        assert pending_storage(meter, owner) == (0 if repeat else 2)
    await lift(api, "IDEMPOTENCY_KEYS_PER_DAY")
    for repeat in (False, True):
        assert (await api.alice.do("createTasks", given, f"results {{ index }} {SHOWN}"))["userErrors"] == []
        assert (pending_storage(meter, owner) == 0) is repeat


def pending_storage(meter: UsageMeter, owner: str) -> int:
    """Take the bytes that were added for the owner since the last call."""
    return sum(one.storage for one in meter.drain_pending() if one.owner == owner)


async def test_usage_is_shown_to_its_user_and_to_administrators(api: Api) -> None:
    assert api.alice.user is not None
    assert set(await usage(api.alice)) == {name.removeprefix("quota_").upper() for name in LIMITS}
    document = '{ users(filter: {email: "alice"}) { nodes { usage { quota limit } } } }'
    (row,) = (await api.carol.ask(document))["users"]["nodes"]
    assert {one["quota"]: one["limit"] for one in row["usage"]}["RUNS_PER_MINUTE"] is None
    token = 'mutation { createApiToken(input: {name: "x", scopes: [READ]}) { token } }'
    read_only = Caller(api.carol.http, api.carol.user, (await api.carol.ask(token))["createApiToken"]["token"])
    assert (await read_only.ask(USAGE))["viewer"]["usage"] is not None


async def test_lifting_is_in_the_audit_log_and_only_for_administrators(api: Api) -> None:
    assert api.bob.user is not None
    await lift(api, "TASKS", 7)
    entries = (await api.carol.ask("{ auditLog { nodes { action email actor detail } } }"))["auditLog"]["nodes"]
    assert entries[0] == {
        "action": "QUOTA_CHANGED", "email": "alice@example.test", "actor": "carol@example.test", "detail": "TASKS: 7"
    }  # fmt: skip
    document = "mutation($id: ID!) { setUserQuota(input: {id: $id, quota: TASKS, limit: 0}) { user { email } } }"
    answer = await api.bob.post(document, {"id": ids.encode_id("User", api.bob.user.id)})
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize("limit", [-1, -(2**31)])
async def test_invalid_limits_are_user_errors(api: Api, limit: int) -> None:
    assert api.alice.user is not None
    document = (
        "($id: ID!, $limit: Int) { setUserQuota(input: {id: $id, quota: TASKS, limit: $limit}) "
        f"{{ user {{ email }} {SHOWN} }} }}"
    )
    done = await mutate(api.carol, document, id=ids.encode_id("User", api.alice.user.id), limit=limit)
    assert done["user"] is None
    assert (done["userErrors"][0]["code"], done["userErrors"][0]["field"]) == ("INVALID", ["limit"])


async def test_on_a_disk_that_is_nearly_full_nothing_new_is_accepted_and_room_can_be_made(api: Api) -> None:
    made = (await task(api.alice))["task"]["id"]
    api.services.disk.is_low = True
    headers = {"Authorization": f"Bearer {api.alice.token}"}

    async def code_of(document: str, **variables: Any) -> str | None:
        body = {"query": f"mutation{document}", "variables": variables}
        answer = (await api.alice.http.post("/graphql", json=body, headers=headers)).json()
        return answer["errors"][0]["extensions"]["code"] if "errors" in answer else None

    given = {"name": "x", "job": HTTP_JOB, "schedule": EVERY}
    create = "($i: CreateTaskInput!) { no: createTask(input: $i) { task { id } } }"
    sign_up = '{ signUp(input: {email: "d@example.test", password: "long enough for all"}) { userErrors { code } } }'
    assert await code_of(create, i=given) == "STORAGE_LOW"
    assert await code_of("($id: ID!) { runTask(input: {id: $id}) { run { id } } }", id=made) == "STORAGE_LOW"
    assert await code_of(sign_up) == "STORAGE_LOW"
    assert await code_of("($id: ID!) { deleteTask(input: {id: $id}) { deletedTaskId } }", id=made) is None
    assert (await api.alice.ask("{ tasks { totalCount } }"))["tasks"]["totalCount"] == 0
    api.services.disk.is_low = False
    assert await code_of(create, i=given) is None


async def test_a_million_that_were_counted_once_are_not_counted_for_each_task(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    count = resource_counter._COUNTS[Quota.TASKS]

    async def counted(*args: Any) -> int:
        nonlocal asked
        asked += 1
        return await count(*args)

    monkeypatch.setitem(resource_counter._COUNTS, Quota.TASKS, counted)
    for number in range(3):
        await task(api.alice, str(number))
    assert asked == 1
