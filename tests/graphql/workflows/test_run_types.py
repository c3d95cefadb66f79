"""Responses with almost valid JSON or repeated headers, as workflows see them and as the API returns them."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.graphql.conftest import T0, Api, run_document
from tests.harness import run_stack
from tests.outbound.servers import LOOPBACK, Reader, Writer, read_request, talking
from tocsin.config import Settings
from tocsin.graphql import ids
from tocsin.workflows.engine.states import ItemState, StepRunRef

JSON_TYPE = "Content-Type: application/json"
TEXTS = [
    '{"a":"\\ud83d"}', '{"n":NaN}', "[Infinity]", "1e999", "[" * 1_000, "[" * 950 + "]" * 950, "9" * 5_000, "",
    "{'a': 1}", '{"a":' * 200 + "1" + "}" * 200,
]  # fmt: skip
VALUES: list[tuple[bytes, Any]] = [
    (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
    ('{"a":"é"}'.encode("utf-16"), {"a": "é"}),
    (b"\xfe\xff" + '{"a":"é"}'.encode("utf-16-be"), {"a": "é"}),
    (b'{"a":1,"a":2}', {"a": 2}),
    (b'{"n":1180591620717411303424}', {"n": 2**70}),
    (b'{"$set":{"a.b":1},"":2,"c\\u0000d":"\\u0000"}', {"$set": {"a.b": 1}, "": 2, "c\0d": "\0"}),
    (b'"\\ud83d\\ude44"', "🙄"),
    (b"[" * 120 + b"]" * 120, json.loads("[" * 120 + "]" * 120)),
    (b'{"a":"\xed\xa0\xbd"}', {"a": "\ufffd\ufffd\ufffd"}),  # half a surrogate pair in UTF-8
]
ANSWERS = [*((text.encode(), text) for text in TEXTS), *VALUES]
WORKFLOW = """
name: w
steps:
  - key: first
    forEach: {{items: {items}, concurrency: 20}}
    job: http
    params: {{url: "{url}${{{{ item }}}}"}}
    retry: {{maxRetries: 0}}
  - key: second
    forEach: {{items: "${{{{ steps.first.result[].body }}}}", concurrency: 20}}
    job: http
    params: {{url: "{url}echo", method: POST, body: {{value: "${{{{ item }}}}"}}}}
    retry: {{maxRetries: 0}}
output: {{bodies: "${{{{ steps.first.result[].body }}}}"}}
"""
SAVE = "mutation($yaml: String!) { saveWorkflow(input: {yaml: $yaml}) { userErrors { message } } }"
EXECUTE = 'mutation { executeWorkflow(input: {name: "w"}) { workflowRun { id } userErrors { message } } }'
READ = """query($id: ID!) { workflowRun(id: $id) {
  result steps { key status error { message } result runs { result attempts { responseBody error { kind } } } }
} }"""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings of the API that allow calls to the targets of the tests."""
    return settings.model_copy(update={"allowed_networks": LOOPBACK})


async def _answer(reader: Reader, writer: Writer) -> None:
    while True:
        head, _, body = (await read_request(reader)).partition(b"\r\n\r\n")
        path = head.split(b" ")[1].decode().strip("/")
        sent = body if path == "echo" else ANSWERS[int(path)][0]
        writer.write(f"HTTP/1.1 200 OK\r\n{JSON_TYPE}\r\nContent-Length: {len(sent)}\r\n\r\n".encode() + sent)
        await writer.drain()


async def test_answers_that_are_nearly_json_are_read_or_kept_as_text(api: Api) -> None:
    assert api.alice.user is not None
    async with talking(_answer) as server, run_stack(api.database) as stack:
        yaml = WORKFLOW.format(items=list(range(len(ANSWERS))), url=server.url)
        assert await api.alice.ask(SAVE, yaml=yaml) == {"saveWorkflow": {"userErrors": []}}
        made = (await api.alice.ask(EXECUTE))["executeWorkflow"]["workflowRun"]
        run = await api.database.workflow_runs.find_one({})
        assert run is not None
        stack.workflows.request_advance(run["_id"])
        await stack.wait_for_workflow_run(run["_id"], "COMPLETED")
        shown = (await api.alice.ask(READ, id=made["id"]))["workflowRun"]
    expected = [value for _, value in ANSWERS]
    assert shown["result"] == {"bodies": expected}
    first, second = shown["steps"]
    assert [part["body"] for part in first["result"]] == expected
    assert [part["body"] for part in second["result"]] == [{"value": value} for value in expected]
    assert all(len(run["attempts"]) == 1 for step in (first, second) for run in step["runs"])
    kept = [run["attempts"][0]["responseBody"] or "" for run in first["runs"]]
    assert kept[: len(TEXTS)] == TEXTS


@pytest.mark.parametrize("levels", [950, 20_000])
async def test_a_stored_result_beyond_the_depth_limit_is_shown_as_text(api: Api, levels: int) -> None:
    text = "[" * levels + "]" * levels
    task = await api.alice.create()
    run = run_document(ids.decode_id(task)[1], T0, status="COMPLETED", result=text)
    await api.database.runs.insert_one(run)
    shown = await api.alice.ask("{ runs { nodes { result } } }")
    assert shown["runs"]["nodes"] == [{"result": text}]


async def test_the_results_of_all_items_are_loaded_with_one_query(api: Api) -> None:
    assert api.alice.user is not None
    workflow_run_id, count = f"{api.alice.user.id}/w1", 150
    await api.database.db["workflow_runs"].insert_one(
        {
            "_id": workflow_run_id,
            "owner": api.alice.user.id,
            "name": "w",
            "version": 1,
            "trigger": "MANUAL",
            "status": "COMPLETED",
            "reason": None,
            "due_at": T0,
            "created_at": T0,
            "started_at": T0,
            "finished_at": T0,
            "cancel_requested_at": None,
            "done": 1,
            "total": 1,
            "error": None,
            "inputs": "{}",
            "output": None,
            "steps": {"s": {"status": "COMPLETED", "items": ItemState.COMPLETED * count}},
        }
    )
    runs = [StepRunRef("s", index).run_id(workflow_run_id) for index in range(count)]
    await api.database.runs.insert_many([run_document(run, T0, _id=run, result=str(at)) for at, run in enumerate(runs)])
    found, queries = api.services.loaders._loaders["Run"], list[int]()
    query = found._query

    async def count_ids(ids: list[str]) -> Mapping[str, Any]:
        queries.append(len(ids))
        return await query(ids)

    found._query = count_ids
    read = 'query($id: ID!) { workflowRun(id: $id) { step(key: "s") { result } } }'
    shown = await api.alice.ask(read, id=ids.encode_id("WorkflowRun", workflow_run_id))
    assert shown["workflowRun"]["step"]["result"] == list(range(count))
    assert queries == [count]


@pytest.mark.parametrize(("status", "expected"), [("WAITING", "CALLBACK"), ("RUNNING", None), ("QUEUED", None)])
async def test_a_step_whose_run_expects_a_callback_says_so(api: Api, status: str, expected: str | None) -> None:
    assert api.alice.user is not None
    definition = {"name": "w", "steps": [{"key": "s", "wait": "PT1H"}, {"key": "items", "wait": "PT1H"}]}
    save = "mutation($i: SaveWorkflowInput!) { saveWorkflow(input: $i) { userErrors { message } } }"
    await api.alice.ask(save, i={"definition": definition})
    made = (await api.alice.ask(EXECUTE))["executeWorkflow"]["workflowRun"]["id"]
    workflow_run = ids.require_id("WorkflowRun", made, "id")
    steps = {"s": {"status": "RUNNING"}, "items": {"status": "RUNNING", "items": ItemState.RUNNING}}
    await api.database.workflow_runs.update_one({"_id": workflow_run}, {"$set": {"steps": steps}})
    run = run_document(workflow_run, T0, _id=f"{workflow_run}:s", status=status, open=True, trigger="WORKFLOW")
    await api.database.runs.insert_one(run | {"attempts": [{"number": 1, "started_at": T0}]})
    found = await api.alice.ask("query($i: ID!) { workflowRun(id: $i) { steps { key status waitingFor } } }", i=made)
    assert found["workflowRun"]["steps"] == [
        {"key": "s", "status": "RUNNING", "waitingFor": expected},
        {"key": "items", "status": "RUNNING", "waitingFor": None},
    ]
