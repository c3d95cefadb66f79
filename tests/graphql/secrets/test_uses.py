"""The tasks and workflows that use a named secret, which whoever deletes it has to know."""

from typing import Any

import pytest

from tests.graphql.conftest import Api, Caller
from tests.graphql.secrets.test_secrets import create
from tocsin.named_secrets.uses import MAX_USES

USES = "{ secrets { name tasks { name } workflows { name } } }"
SAVE = "mutation($yaml: String!) { saveWorkflow(input: {yaml: $yaml}) { userErrors { message } } }"
TOKEN = "${{ secrets.tok }}"
PLACES: list[dict[str, Any]] = [
    {"url": f"https://example.com/{TOKEN}"},
    {"url": "https://example.com/", "headers": {"X-Key": f"v={TOKEN}"}},
    {"url": "https://example.com/", "headers": {"X-Key": TOKEN}, "secretHeaders": ["X-Key"]},
    {"url": "https://example.com/", "token": "${{secrets.TOK}}"},
    {"url": "https://example.com/", "method": "POST", "body": {"a": [TOKEN]}},
]


async def uses(caller: Caller) -> dict[str, tuple[list[str], list[str]]]:
    """Return the names of the tasks and workflows that use each secret of the caller."""
    listed = (await caller.ask(USES))["secrets"]
    return {
        one["name"]: (
            sorted(task["name"] for task in one["tasks"]),
            sorted(workflow["name"] for workflow in one["workflows"]),
        )
        for one in listed
    }


async def save_workflow(caller: Caller, *params: str) -> None:
    steps = "".join(f"  - {{key: s{number}, job: http, params: {each}}}\n" for number, each in enumerate(params))
    saved = await caller.ask(SAVE, yaml=f"name: flow\nsteps:\n{steps}")
    assert saved["saveWorkflow"]["userErrors"] == []


async def update(api: Api, task: str, http: dict[str, Any]) -> None:
    payload = await api.alice.do("updateTask", {"id": task, "job": {"http": http}})
    assert payload["userErrors"] == []


@pytest.mark.parametrize("http", PLACES, ids=["url", "header", "secret header", "token", "body"])
async def test_a_task_uses_what_it_references_wherever_that_is(api: Api, http: dict[str, Any]) -> None:
    for caller in (api.alice, api.bob):
        await create(caller, "tok", "tok-value-1", "example.com")
    await api.alice.create("calls", job={"http": http})
    await api.alice.create("does not", job={"http": {"url": "https://example.com/$${{ secrets.tok }}"}})
    assert await uses(api.alice) == {"tok": (["calls"], [])}
    assert await uses(api.bob) == {"tok": ([], [])}


async def test_a_task_uses_a_secret_no_longer_once_it_is_changed_or_deleted(api: Api) -> None:
    for name in ("tok", "other"):
        await create(api.alice, name, "value", "example.com")
    task = await api.alice.create("calls", job={"http": {"url": "https://example.com/", "token": TOKEN}})
    await update(api, task, {"url": "https://example.com/${{ secrets.other }}"})
    both: tuple[list[str], list[str]] = (["calls"], [])
    assert await uses(api.alice) == {"other": both, "tok": both}, "the token is kept"
    await update(api, task, {"url": "https://example.com/${{ secrets.other }}", "token": ""})
    assert await uses(api.alice) == {"other": both, "tok": ([], [])}
    await api.alice.do("deleteTask", {"id": task})
    assert await uses(api.alice) == {"other": ([], []), "tok": ([], [])}


async def test_a_workflow_uses_what_its_latest_version_references(api: Api) -> None:
    await create(api.alice, "tok", "value", "example.com")
    await save_workflow(
        api.alice, "{url: 'https://example.com/'}", f"{{url: 'https://example.com/', token: '{TOKEN}'}}"
    )
    assert await uses(api.alice) == {"tok": ([], ["flow"])}
    await save_workflow(api.alice, "{url: 'https://example.com/'}")
    assert await uses(api.alice) == {"tok": ([], [])}
    await save_workflow(api.alice, f"{{url: 'https://example.com/', headers: {{X: '{TOKEN}'}}}}")
    assert await uses(api.alice) == {"tok": ([], ["flow"])}
    await api.alice.ask('mutation { deleteWorkflow(input: {name: "flow"}) { userErrors { code } } }')
    assert await uses(api.alice) == {"tok": ([], [])}


async def test_twenty_are_told_and_found_by_an_index(api: Api) -> None:
    await create(api.alice, "tok", "value", "example.com")
    for number in range(MAX_USES + 2):
        await api.alice.create(f"t{number}", job={"http": PLACES[0]})
    for number in range(10):
        await api.alice.create(f"without{number}")
    assert len((await uses(api.alice))["tok"][0]) == MAX_USES
    (stored,) = await api.database.named_secrets.find({}).to_list()
    for collection, field, examined in (
        ("tasks", "job.params.named_secrets.ids", MAX_USES + 2),
        ("workflows", "secret_ids", 0),
    ):
        command = {"explain": {"find": collection, "filter": {field: stored["_id"]}}, "verbosity": "executionStats"}
        stats = (await api.database.db.command(command))["executionStats"]
        assert stats["totalDocsExamined"] == examined, field
