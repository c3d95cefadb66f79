"""Trigger URLs: whoever has one starts a run, once for each request or key, and learns nothing else."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from tests.graphql.conftest import Api, served_api, stored_task
from tests.graphql.public_links import create_link, create_workflow
from tests.web.conftest import Connect
from tocsin.accounts.rate_limiter import TRIGGER_BUCKET
from tocsin.config import Settings
from tocsin.documents import Database
from tocsin.web.trigger_requests import BODY_LIMIT

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def task_trigger(api: Api) -> str:
    """Create a task and a trigger of it, and return its path."""
    return path_of(await create_link(api.alice, await api.alice.create(), "TRIGGER"))


async def workflow_trigger(api: Api, **more: Any) -> str:
    """Create a workflow and a trigger of it, and return its path."""
    return path_of(await create_link(api.alice, await create_workflow(api.alice), "TRIGGER", **more))


def path_of(link: dict[str, Any]) -> str:
    return str(httpx.URL(link["url"]).path)


async def runs(api: Api) -> list[Any]:
    """Return the stored runs of tasks and workflows."""
    return [*await api.database.runs.find({}).to_list(), *await api.database.workflow_runs.find({}).to_list()]


def said(answer: httpx.Response) -> str:
    return str(answer.json()["errors"][0]["message"])


async def test_a_task_is_started(api: Api) -> None:
    path = await task_trigger(api)
    answer = await api.nobody.http.post(path)
    assert answer.status_code == 202, answer.text
    (run,) = await runs(api)
    assert (run["trigger"], run["status"]) == ("LINK", "QUEUED")
    shown = answer.json()
    assert shown["type"] == "Run"
    assert shown["url"] == f"http://127.0.0.1:8000/#/runs/{shown['id']}"
    asked = await api.alice.ask("query($id: ID!) { run(id: $id) { trigger } }", id=shown["id"])
    assert asked == {"run": {"trigger": "LINK"}}
    assert api.woken.queued == 1
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert not {"access-control-allow-origin", "set-cookie"} & answer.headers.keys()


async def test_a_paused_task_is_started_as_by_hand(api: Api) -> None:
    path = await task_trigger(api)
    await api.database.tasks.update_one({}, {"$set": {"hold": "PAUSED", "status": "PAUSED"}})
    assert (await api.nobody.http.post(path)).status_code == 202
    assert len(await runs(api)) == 1


@pytest.mark.parametrize("headers", [{}, JSON, {"Content-Type": "image/png"}], ids=["none", "json", "png"])
async def test_what_is_sent_to_a_task_is_ignored(api: Api, headers: Any) -> None:
    path = await task_trigger(api)
    assert (await api.nobody.http.post(path, headers=headers, content=b"\xff{")).status_code == 202


@pytest.mark.parametrize(
    ("headers", "body", "inputs"),
    [
        ({}, b"", {"version": "1", "count": 1, "event": None}),
        (JSON, b"", {"version": "1", "count": 1, "event": None}),
        (JSON, b'{"version": "2", "count": 3}', {"version": "2", "count": 3, "event": None}),
        (
            {"Content-Type": "application/cloudevents+json; charset=utf-8"},
            b'{"event": {"a": ["\xc3\xa4"]}}',
            {"version": "1", "count": 1, "event": {"a": ["ä"]}},
        ),
    ],
    ids=["no body", "empty", "json", "cloudevents"],
)
async def test_a_workflow_is_started_with_its_inputs(api: Api, headers: Any, body: bytes, inputs: Any) -> None:
    path = await workflow_trigger(api)
    answer = await api.nobody.http.post(path, headers=headers, content=body)
    assert answer.status_code == 202, answer.text
    (run,) = await runs(api)
    assert (run["trigger"], json.loads(run["inputs"])) == ("LINK", inputs)
    assert answer.json()["type"] == "WorkflowRun"
    assert answer.json()["url"].endswith(f"/#/workflow-runs/{answer.json()['id']}")
    assert api.woken.workflow_runs == [run["_id"]]


@pytest.mark.parametrize(
    ("headers", "body", "status", "text"),
    [
        (JSON, b'{"version": 1}', 422, "The input version must be of the type string; it is an integer."),
        (JSON, b'{"versoin": "1"}', 422, "The workflow has no input versoin. Did you mean version?"),
        (JSON, b'{"count": ', 400, "The body is not valid JSON"),
        (JSON, b'{"count": NaN}', 400, "The body is not valid JSON"),
        (JSON, b"[" * 10_000, 400, "The body is not valid JSON"),
        (JSON, b"[1]", 400, 'The body must be a JSON object of inputs, such as {"version": "1.2"}.'),
        (JSON, b"\xff", 400, "The body is not valid JSON"),
        ({}, b"{}", 415, "Send the inputs as application/json, or send no body."),
        (FORM, b"version=2", 415, "Send the inputs as application/json, or send no body."),
        ({**JSON, "Content-Encoding": "gzip"}, b"{}", 415, "Send the body without a Content-Encoding."),
        (JSON, b" " * (BODY_LIMIT + 1), 413, f"The request's body is longer than {BODY_LIMIT} bytes."),
        ({**JSON, "Idempotency-Key": ""}, b"{}", 400, "Idempotency-Key must have 1 to 200 characters."),
        ({**JSON, "Idempotency-Key": "a" * 201}, b"{}", 400, "Idempotency-Key must have 1 to 200 characters."),
    ],
    ids=str,
)
async def test_a_request_that_makes_no_sense_starts_nothing(
    api: Api, headers: Any, body: bytes, status: int, text: str
) -> None:
    answer = await api.nobody.http.post(await workflow_trigger(api), headers=headers, content=body)
    assert answer.status_code == status, answer.text
    assert said(answer).startswith(text)
    assert await runs(api) == []


async def test_every_wrong_input_is_told(api: Api) -> None:
    path = await workflow_trigger(api)
    answer = await api.nobody.http.post(path, json={"version": 1, "count": "x"})
    assert [each["extensions"] for each in answer.json()["errors"]] == [
        {"code": "BAD_USER_INPUT", "input": "version"},
        {"code": "BAD_USER_INPUT", "input": "count"},
    ]


@pytest.mark.parametrize(
    ("headers", "body", "content_type", "value"),
    [
        (JSON, b'{"ref": "main"}', "application/json", {"ref": "main"}),
        (JSON, b"[1]", "application/json", [1]),
        (FORM, b"a=1&a=2&b=%C3%A4", "application/x-www-form-urlencoded", {"a": ["1", "2"], "b": "ä"}),
        ({"Content-Type": "text/plain"}, b"disk full", "text/plain", "disk full"),
        ({}, b"disk full", None, "disk full"),
        ({}, b"", None, None),
    ],
    ids=["object", "array", "form", "text", "untyped", "none"],
)
async def test_an_input_can_get_the_whole_request(
    api: Api, headers: Any, body: bytes, content_type: str | None, value: Any
) -> None:
    path = await workflow_trigger(api, requestInput="event")
    sent = {
        **headers, "X-GitHub-Event": "push", "X-Gitlab-Token": "s3cret", "X-Hub-Signature-256": "s3cret",
        "Authorization": "Bearer s3cret", "Cookie": "a=s3cret", "X-Forwarded-For": "192.0.2.9", "User-Agent": "hook/1",
        "X-Jwt-Assertion": "s3cret", "X-Shop-Hmac": "s3cret", "X-Passphrase": "s3cret", "X-Original-URL": path,
    }  # fmt: skip
    answer = await api.nobody.http.post(path + "?by=cron&by=hand", headers=sent, content=body)
    assert answer.status_code == 202, answer.text
    (run,) = await runs(api)
    assert json.loads(run["inputs"])["event"] == {
        "contentType": content_type,
        "query": {"by": ["cron", "hand"]},
        "headers": {"x-github-event": "push", "user-agent": "hook/1"},
        "body": value,
    }


@pytest.mark.parametrize(
    ("whole", "headers"), [(True, JSON), (True, FORM), (True, {"Content-Type": "text/plain"}), (False, JSON)], ids=str
)
async def test_the_url_is_not_shown_where_its_caller_tells_it(api: Api, whole: bool, headers: Any) -> None:
    """As GitHub tells the settings of a webhook. The inputs of a run are shown to tokens that only read."""
    path = await workflow_trigger(api, **({"requestInput": "event"} if whole else {}))
    token = path.rpartition("/")[2]
    body = json.dumps({"event": {"hook": {"url": f"https://tocsin.test{path}"}, token: 1}})
    sent = {**headers, "X-Hook-Url": path, "User-Agent": token}
    answer = await api.nobody.http.post(f"{path}?from={path}&{token}=1", headers=sent, content=body)
    assert answer.status_code == 202, answer.text
    (run,) = await runs(api)
    assert token not in run["inputs"]
    assert "https://tocsin.test/triggers/***" in run["inputs"]


async def test_a_request_that_no_input_can_hold_is_refused(api: Api) -> None:
    path = await workflow_trigger(api, requestInput="event")
    for headers, body, status in (
        ({"Content-Type": "image/png"}, b"\x89PNG", 415),
        ({"Content-Type": "text/plain"}, b"\xff", 400),
        (FORM, b"a=%FF", 400),
    ):
        answer = await api.nobody.http.post(path, headers=headers, content=body)
        assert answer.status_code == status, answer.text
    assert await runs(api) == []


@pytest.mark.parametrize("kind", ["task", "workflow"])
async def test_a_key_starts_one_run(api: Api, kind: str) -> None:
    path = await (task_trigger(api) if kind == "task" else workflow_trigger(api))
    headers = {"Idempotency-Key": "delivery-1"}
    answers = await asyncio.gather(*(api.nobody.http.post(path, headers=headers) for _ in range(8)))
    assert {(each.status_code, each.json()["id"]) for each in answers} == {(202, answers[0].json()["id"])}
    assert len(await runs(api)) == 1
    other = await api.nobody.http.post(path, headers={"Idempotency-Key": "delivery-2"})
    assert other.json()["id"] != answers[0].json()["id"]


async def test_keys_of_links_are_their_own(api: Api) -> None:
    task = await api.alice.create()
    for _ in range(2):
        path = path_of(await create_link(api.alice, task, "TRIGGER"))
        assert (await api.nobody.http.post(path, headers={"Idempotency-Key": "1"})).status_code == 202
    assert len(await runs(api)) == 2


async def test_a_key_is_for_one_request(api: Api) -> None:
    path, headers = await workflow_trigger(api), {"Idempotency-Key": "1"}
    assert (await api.nobody.http.post(path, headers=headers, json={"version": "1"})).status_code == 202
    answer = await api.nobody.http.post(path, headers=headers, json={"version": "2"})
    assert answer.status_code == 422
    assert said(answer).startswith("This Idempotency-Key was used in the last 24 hours with another request.")
    await api.database.workflow_runs.delete_many({})
    answer = await api.nobody.http.post(path, headers=headers, json={"version": "1"})
    assert (answer.status_code, await runs(api)) == (409, [])


async def test_looking_at_the_link_starts_nothing(api: Api) -> None:
    path = await task_trigger(api)
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):
        answer = await api.nobody.http.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert await runs(api) == []


async def test_urls_that_are_not_in_force_look_the_same(api: Api) -> None:
    task = await api.alice.create()
    revoked, rotated, deleted = [await create_link(api.alice, task, "TRIGGER") for _ in range(3)]
    bobs = await create_link(api.bob, await api.bob.create("of bob"), "TRIGGER")
    status = await create_link(api.alice, task, "STATUS")
    for mutation, link in (("revokePublicLink", revoked), ("rotatePublicLink", rotated)):
        change = f"mutation($id: ID!) {{ {mutation}(input: {{id: $id}}) {{ userErrors {{ code }} }} }}"
        await api.alice.ask(change, id=link["id"])
    await api.alice.do("deleteTask", {"id": task})
    assert api.bob.user is not None
    await api.database.users.update_one({"_id": api.bob.user.id}, {"$set": {"is_active": False}})
    token = path_of(status).rpartition("/")[2]
    paths = [*map(path_of, (revoked, rotated, deleted, bobs)), f"/triggers/{token}", "/triggers/x"]
    answers = [await api.nobody.http.post(path) for path in paths]
    assert {(each.status_code, each.text) for each in answers} == {(404, answers[0].text)}
    assert await runs(api) == []


async def test_a_deactivation_ends_triggers_for_good(api: Api) -> None:
    task = await api.alice.create()
    before = path_of(await create_link(api.alice, task, "TRIGGER"))
    status = path_of(await create_link(api.alice, task, "STATUS"))
    issued_at = [link["issued_at"] async for link in api.database.public_links.find({"kind": "TRIGGER"})]
    await api.database.users.update_one({"email": "alice@example.test"}, {"$set": {"deactivated_at": issued_at[0]}})
    after = path_of(await create_link(api.alice, task, "TRIGGER"))
    assert (await api.nobody.http.post(before)).status_code == 404
    assert (await api.nobody.http.post(after)).status_code == 202
    assert (await api.nobody.http.get(status)).status_code == 200


async def test_a_link_is_limited(api: Api) -> None:
    path = await task_trigger(api)
    (link,) = await api.database.public_links.find({}).to_list()
    for _ in range(int(TRIGGER_BUCKET.capacity)):
        await api.services.rates.count_trigger(link["_id"])
    answer = await api.nobody.http.post(path)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    assert said(answer).startswith("This URL was called 60 times within a minute.")
    assert await runs(api) == []


async def test_a_quota_of_the_owner_holds_and_is_not_told(database: Database, settings: Settings) -> None:
    async with served_api(database, settings.model_copy(update={"quota_runs_per_day": 1})) as api:
        path = await task_trigger(api)
        headers = {"Idempotency-Key": "1"}
        assert (await api.nobody.http.post(path, headers=headers)).status_code == 202
        answer = await api.nobody.http.post(path)
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert said(answer) == "The owner of this URL has used up a quota, so no run was started."
        again = await api.nobody.http.post(path, headers=headers)
        assert again.status_code == 202, "an earlier call is repeated nevertheless"
    assert await database.runs.count_documents({}) == 1


async def test_the_owner_sees_when_it_was_used(api: Api) -> None:
    task = await api.alice.create()
    path = path_of(await create_link(api.alice, task, "TRIGGER"))
    shown = "query($id: ID!) { task(id: $id) { publicLinks { kind url badgeUrl lastUsedAt } } }"
    (before,) = (await api.alice.ask(shown, id=task))["task"]["publicLinks"]
    assert before == {"kind": "TRIGGER", "url": None, "badgeUrl": None, "lastUsedAt": None}
    await api.nobody.http.post(path)
    (after,) = (await api.alice.ask(shown, id=task))["task"]["publicLinks"]
    assert after["lastUsedAt"] is not None


async def test_a_request_that_breaks_off_starts_nothing(api: Api, connect: Connect) -> None:
    path = await workflow_trigger(api)
    async with connect() as raw:
        await raw.send(
            f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{{"
        )
    async with connect() as raw:
        await raw.send(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {BODY_LIMIT + 1}\r\n\r\n")
        assert (await raw.answer()).status == 413
    assert await runs(api) == []
    assert (await stored_task_count(api)) == 0


async def test_a_slow_body_does_not_outlive_the_link(api: Api, connect: Connect) -> None:
    task = await api.alice.create()
    link = await create_link(api.alice, task, "TRIGGER")
    async with connect() as raw:
        await raw.send(f"POST {path_of(link)} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{{")
        assert (await api.nobody.http.post(path_of(link))).status_code == 202, "the other request is being served"
        revoke = "mutation($id: ID!) { revokePublicLink(input: {id: $id}) { userErrors { code } } }"
        await api.alice.ask(revoke, id=link["id"])
        await raw.send("}")
        assert (await raw.answer()).status == 404
    assert len(await runs(api)) == 1


async def stored_task_count(api: Api) -> int:
    return await api.database.tasks.count_documents({})


async def test_no_stored_field_is_the_token(api: Api) -> None:
    """Whoever reads the database or its backups cannot call the URL."""
    token = (await task_trigger(api)).rpartition("/")[2]
    stored = str(
        [await api.database.db[name].find({}).to_list() for name in await api.database.db.list_collection_names()]
    )
    assert (await stored_task(api))["_id"] in stored
    assert token not in stored
    assert token[22:] not in stored
