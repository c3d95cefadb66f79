"""Versions of workflows over the API, and the errors of one that is being written."""

from typing import Any

import pytest

from tests.graphql.conftest import Api, Caller
from tocsin.graphql import ids

SAVE = """mutation($i: SaveWorkflowInput!) { saveWorkflow(input: $i) {
  workflow { id version } userErrors { message } } }"""
VERSIONS = """query($after: String) { workflow(name: "report") { versions(first: 2, after: $after) {
  totalCount nodes { number createdAt yaml } pageInfo { hasNextPage endCursor } } } }"""
VERSION = """query($number: Int!) { workflow(name: "report") { savedVersion(number: $number) {
  number definition yaml } } }"""
ERRORS = "query($yaml: String!) { workflowErrors(yaml: $yaml) { message path line column } }"
EXECUTE = (
    """mutation { executeWorkflow(input: {name: "report"}) { workflowRun { id version } userErrors { message } } }"""
)
RUN = "query($id: ID!) { workflowRun(id: $id) { version savedVersion { number definition } } }"


def definition(hours: int, token: str = "s3cret") -> dict[str, Any]:
    call = {"key": "call", "job": "http", "params": {"url": "https://example.com/", "token": token}}
    return {"name": "report", "steps": [{"key": "pause", "wait": f"PT{hours}H"}, call]}


async def save(caller: Caller, hours: int) -> Any:
    saved = (await caller.ask(SAVE, i={"definition": definition(hours)}))["saveWorkflow"]
    assert saved["userErrors"] == []
    return saved["workflow"]


async def test_versions_are_listed_the_latest_first(api: Api) -> None:
    for hours in (1, 2, 3):
        await save(api.alice, hours)
    page = (await api.alice.ask(VERSIONS))["workflow"]["versions"]
    assert [version["number"] for version in page["nodes"]] == [3, 2]
    assert ["PT3H" in page["nodes"][0]["yaml"], "PT2H" in page["nodes"][1]["yaml"]] == [True, True]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (3, True)
    rest = (await api.alice.ask(VERSIONS, after=page["pageInfo"]["endCursor"]))["workflow"]["versions"]
    assert [version["number"] for version in rest["nodes"]] == [1]
    assert not rest["pageInfo"]["hasNextPage"]


async def test_a_version_that_was_not_adopted_is_not_shown(api: Api) -> None:
    workflow = await save(api.alice, 1)
    document_id = ids.decode_id(workflow["id"], "id")[1]
    (first,) = await api.database.workflow_versions.find({}).to_list()
    await api.database.workflow_versions.insert_one({**first, "_id": f"{document_id}@2", "version": 2})
    page = (await api.alice.ask(VERSIONS))["workflow"]["versions"]
    assert [version["number"] for version in page["nodes"]] == [1]
    assert (await api.alice.ask(VERSION, number=2))["workflow"] == {"savedVersion": None}


@pytest.mark.parametrize("number", [-1, 0, 2])
async def test_there_is_no_version_of_another_number(api: Api, number: int) -> None:
    await save(api.alice, 1)
    assert (await api.alice.ask(VERSION, number=number))["workflow"] == {"savedVersion": None}


async def test_a_version_and_a_run_show_the_definition_without_secrets(api: Api) -> None:
    await save(api.alice, 1)
    run = (await api.alice.ask(EXECUTE))["executeWorkflow"]["workflowRun"]
    await save(api.alice, 2)
    version = (await api.alice.ask(VERSION, number=1))["workflow"]["savedVersion"]
    assert version["definition"] == definition(1, "***")
    assert "s3cret" not in version["yaml"]
    shown = (await api.alice.ask(RUN, id=run["id"]))["workflowRun"]
    assert shown == {"version": 1, "savedVersion": {"number": 1, "definition": definition(1, "***")}}


async def test_errors_have_the_line_and_column_of_their_part(api: Api) -> None:
    text = "name: report\nsteps:\n  - {key: a, wait: soon}\n  - {key: b, wait: PT1H, dependsOn: [c]}\n"
    errors = (await api.alice.ask(ERRORS, yaml=text))["workflowErrors"]
    assert [(error["path"], error["line"], error["column"]) for error in errors] == [
        (["steps", "0", "wait", "duration"], 3, 14),
        (["steps", "1", "dependsOn", "0"], 4, 38),
    ]
    assert "line" not in errors[0]["message"]


@pytest.mark.parametrize("text", ["", "- a", "a: [", "name: x\0", "x" * 300_000])
async def test_a_text_that_is_no_workflow_has_errors(api: Api, text: str) -> None:
    assert (await api.alice.ask(ERRORS, yaml=text))["workflowErrors"]


async def test_a_workflow_without_errors_is_not_saved(api: Api) -> None:
    text = "name: report\nsteps: [{key: a, wait: PT1H}]"
    assert (await api.alice.ask(ERRORS, yaml=text))["workflowErrors"] == []
    assert await api.database.workflows.find_one({}) is None
