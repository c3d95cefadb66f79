"""References to named secrets in tasks and workflows that are saved or tried over the API."""

from typing import Any

import pytest

from tests.graphql.conftest import Api
from tests.graphql.secrets.test_secrets import create
from tests.graphql.tasks.test_trials import attempt, sent_headers
from tests.outbound.servers import LOOPBACK, Reader, Writer, answering, read_request, response, talking
from tests.workflows.samples import step, workflow
from tocsin.config import Settings
from tocsin.jobs.http.params import HttpParams

UNKNOWN = "You have no secret gone. Create it with setSecret, or under Account in the dashboard."
JOB = {"http": {"url": "${{ secrets.gone }}"}}
SCHEDULE = {"every": {"interval": "PT1H"}}
ERRORS = "userErrors { field message }"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"allowed_networks": LOOPBACK})


def fault(*path: str) -> Any:
    return [{"field": [*path, "job", "http", "url"], "message": UNKNOWN}]


async def test_a_task_with_an_unknown_secret_is_refused_wherever_it_is_saved(api: Api) -> None:
    await create(api.bob, "gone")
    given = {"name": "a", "job": JOB, "schedule": SCHEDULE}
    assert (await api.alice.do("createTask", given, ERRORS))["userErrors"] == fault()
    task = await api.alice.create()
    assert (await api.alice.do("updateTask", {"id": task, "job": JOB}, ERRORS))["userErrors"] == fault()
    many = await api.alice.do("createTasks", {"tasks": [given], "mode": "EACH"}, f"results {{ {ERRORS} }}")
    assert many["results"] == [{"userErrors": fault("tasks", "0")}]
    upsert = f"mutation($i: UpsertTaskInput!) {{ upsertTask(input: $i) {{ {ERRORS} }} }}"
    assert (await api.alice.ask(upsert, i=given))["upsertTask"]["userErrors"] == fault()
    tried = await attempt(api.alice, JOB["http"])
    assert [error["field"] for error in tried["userErrors"]] == [["job", "http", "url"]]
    custom = {"custom": {"type": "http", "params": JOB["http"]}}
    refused = await api.alice.do("createTask", {**given, "job": custom}, ERRORS)
    assert refused["userErrors"] == [{"field": ["job", "custom", "params", "url"], "message": UNKNOWN}]


async def test_a_saved_task_shows_its_references_and_can_be_sent_back(api: Api) -> None:
    await create(api.alice, "tok", "tok-value-1", "example.com")
    http = {
        "url": "https://example.com/${{ secrets.tok }}",
        "method": "POST",
        "headers": [{"name": "Authorization", "value": "Bearer ${{ secrets.TOK }}"}],
        "body": {"a": "${{ secrets.tok }}"},
    }
    given = {"name": "a", "job": {"http": http}, "schedule": SCHEDULE}
    fields = "task { id job { ... on HttpJob { url method headers { name value } body } } } " + ERRORS
    saved = await api.alice.do("createTask", given, fields)
    shown = saved["task"]["job"]
    assert shown == {**http, "url": "https://example.com/${{secrets.tok}}"}
    again = await api.alice.do("updateTask", {"id": saved["task"]["id"], "job": {"http": shown}}, fields)
    assert again == saved
    stored = await api.database.tasks.find_one({"name": "a"})
    assert stored is not None
    assert HttpParams.model_validate(stored["job"]["params"]).named_secrets is not None
    assert "tok-value-1" not in str(stored)


async def test_a_job_that_is_tried_sends_its_secrets_and_shows_none(api: Api) -> None:
    async def echo(reader: Reader, writer: Writer) -> None:
        server.seen.append(await read_request(reader))
        writer.write(response("200 OK", server.seen[-1]))
        await writer.drain()

    async with talking(echo) as server:
        await create(api.alice, "hook", f"{server.url}services/T0/B0/XX", "127.0.0.1")
        await create(api.alice, "tok", "tip-top-secret", "127.0.0.1")
        http = {"url": "${{ secrets.hook }}", "headers": {"X-Key": "v=${{ secrets.tok }}"}}
        payload = await attempt(api.alice, http)
    assert payload["userErrors"] == []
    assert server.seen[0].startswith(b"GET /services/T0/B0/XX HTTP/1.1\r\n")
    assert sent_headers(server.seen[0])["x-key"] == "v=tip-top-secret"
    assert "tip-top" not in str(payload)
    assert "T0/B0" not in str(payload)
    assert payload["trial"]["request"]["url"] == "${{secrets.hook}}"
    assert {"name": "X-Key", "value": "v=${{ secrets.tok }}"} in payload["trial"]["request"]["headers"]
    (entry,) = await api.database.audit_entries.find({"action": "JOB_TRIED"}).to_list()
    assert entry["detail"] == "GET ${{secrets.hook}}"


async def test_a_job_that_is_tried_sends_its_secrets_to_allowed_hosts_only(api: Api) -> None:
    await create(api.alice, "tok", "tip-top-secret", "api.example.com")
    async with answering(response()) as server:
        await create(api.alice, "hook", server.url, "127.0.0.1")
        named = await attempt(api.alice, {"url": server.url, "token": "${{ secrets.tok }}"})
        hidden = await attempt(api.alice, {"url": "${{ secrets.hook }}", "token": "${{ secrets.tok }}"})
    assert server.connections == 0
    assert [error["field"] for error in named["userErrors"]] == [["job", "http", "token"]]
    assert hidden["trial"]["error"]["kind"] == "SECRET_HOST"


YAML = """name: w
steps:
  - key: call
    job: http
    params:
      url: ${{ secrets.gone }}
      headers: {Authorization: "Bearer ${{ secrets.tok }}"}
      method: ${{ secrets.tok }}
      body: ["${{ secrets }}", "${{ to_string(secrets) }}", "${{ secrets.tok || 'x' }}"]
  - key: next
    when: ${{ secrets.tok == inputs.guess }}
    forEach: ${{ secrets.tok }}
    job: http
    params: {url: "https://example.com/"}
  - key: area
    job: polygonArea
    params: {geometry: "${{ secrets.tok }}"}
  - key: pause
    wait: {duration: "${{ secrets.tok }}"}
  - key: ask
    approval: {message: "${{ secrets.tok }}"}
inputs: {guess: {type: string}}
output: ${{ secrets.tok }}
"""
PLACES = [
    (6, "You have no secret gone."),
    (8, "secrets are available only in"),
    (9, "A secret stands alone"),
    (9, "A secret stands alone"),
    (9, "A secret stands alone"),
    (11, "secrets are available only in"),
    (12, "secrets are available only in"),
    (17, "secrets are available only in"),
    (19, "secrets are available only in"),
    (21, "secrets are available only in"),
    (23, "secrets are available only in"),
]


async def test_uses_of_secrets_in_workflows_are_checked_at_their_place(api: Api) -> None:
    await create(api.alice, "tok", "tip-top-secret", "example.com")
    found = await api.alice.ask("query($y: String!) { workflowErrors(yaml: $y) { message line column } }", y=YAML)
    errors = [(one["line"], one["message"]) for one in found["workflowErrors"] if "secret" in one["message"]]
    assert [line for line, _ in errors] == [line for line, _ in PLACES]
    for (_, message), (line, begin) in zip(errors, PLACES, strict=True):
        assert begin in message, line
    assert all(one["column"] for one in found["workflowErrors"])


async def test_a_workflow_with_secrets_shows_references_in_place_of_sealed_values(api: Api) -> None:
    await create(api.alice, "tok", "tip-top-secret", "example.com")
    params = {"url": "https://example.com/", "token": "${{ secrets.tok }}"}
    yaml, fields = workflow(step("a", "", params=params)), "workflow { yaml version } userErrors { message }"
    save = f"mutation($y: String!) {{ saveWorkflow(input: {{yaml: $y}}) {{ {fields} }} }}"
    saved = (await api.alice.ask(save, y=yaml))["saveWorkflow"]
    assert saved["userErrors"] == []
    assert "${{ secrets.tok }}" in saved["workflow"]["yaml"]
    again = (await api.alice.ask(save, y=saved["workflow"]["yaml"]))["saveWorkflow"]
    assert again["workflow"]["version"] == 1
    for caller in (api.bob, api.carol):
        refused = (await caller.ask(save, y=yaml))["saveWorkflow"]
        assert "You have no secret tok." in refused["userErrors"][0]["message"]
