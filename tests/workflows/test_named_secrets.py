"""Named secrets of an account in runs of tasks and workflows: sent to the target, and in nothing that is stored."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.harness import SECRETS, Stack, TargetServer, http_job, run_stack, save_task
from tests.outbound.servers import answering, response
from tests.workflows.samples import step, workflow
from tocsin import clock, schedules
from tocsin.documents import Database
from tocsin.named_secrets.changes import SecretChange, delete_secret, set_secret
from tocsin.tasks.runs import run_task_now
from tocsin.workflows.language.source import WorkflowInvalid

TOKEN = "s3cret-tok/en value"
REFERENCE = "${{ secrets.tok }}"


async def put(database: Database, name: str, value: str, *hosts: str, owner: str = "alice") -> None:
    change = SecretChange(name, value, list(hosts) or ["127.0.0.1"])
    await set_secret(database, SECRETS, owner, change, clock.now())


async def complete(stack: Stack, given: Any = None) -> Any:
    """Start a run of the workflow, and return it once it has ended."""
    stack.workflows.request_advance(run_id := await stack.execute("w", given))
    return await stack.wait_for_workflow_run(run_id, "COMPLETED", "FAILED")


async def find_everywhere(database: Database, *texts: str) -> list[str]:
    """Return the collections whose documents contain one of the texts."""
    found = []
    for name in await database.db.list_collection_names():
        documents = await database.db[name].find({}).to_list()
        found += [name for text in texts if text in repr(documents)]
    return found


def http(url: str, **params: Any) -> dict[str, Any]:
    return {"url": url, **params}


async def test_a_step_sends_a_secret_that_nothing_stored_contains(database: Database, target: TargetServer) -> None:
    await put(database, "tok", TOKEN)
    await put(database, "hook", f"{target.url}/services/T0/B0")
    headers = {
        "Authorization": f"Bearer {REFERENCE}",
        "X-Input": "${{ inputs.x }}",
        "X-Echo": "${{ steps.a.result.body }}",
    }
    async with run_stack(database) as stack:
        first = step("a", "", params=http("${{ secrets.hook }}", headers={"X-Key": f"<{REFERENCE}>"}))
        second = step("b", "", params=http(f"{target.url}/${{{{ secrets.tok }}}}", headers=headers))
        text = workflow(first, second, inputs={"x": {"type": "string"}}, output="${{ steps.b.result.statusCode }}")
        await stack.save_workflow(text)
        run = await complete(stack, {"x": f"{REFERENCE} $${{{{ secrets.tok }}}}"})
        runs: list[Any] = await database.runs.find({}).to_list()
    assert run["status"] == "COMPLETED"
    one, two = target.calls
    assert (one["path"], one["headers"]["X-Key"]) == ("/services/T0/B0", f"<{TOKEN}>")
    assert (two["path"], two["headers"]["Authorization"]) == (f"/{TOKEN}", f"Bearer {TOKEN}")
    assert two["headers"]["X-Input"] == f"{REFERENCE} $${{{{ secrets.tok }}}}"
    recorded = [attempt["request"] for one in runs for attempt in one["attempts"]]
    assert {request["url"] for request in recorded} == {"${{secrets.hook}}", f"{target.url}/${{{{secrets.tok}}}}"}
    assert {"X-Key", "Authorization"} <= {
        name for request in recorded for name, value in request["headers"] if REFERENCE in value
    }
    assert await find_everywhere(database, TOKEN, TOKEN.replace(" ", "%20"), "T0/B0") == []


async def test_an_echoed_secret_reaches_no_later_step(database: Database, target: TargetServer) -> None:
    await put(database, "tok", TOKEN)
    answer = response("200 OK", json.dumps({"you": TOKEN}).encode(), "Content-Type: application/json", f"X-A: {TOKEN}")
    async with run_stack(database) as stack, answering(answer) as server:
        first = step("a", "", params=http(server.url, token="${{ secrets.one_word }}", headers={"X": REFERENCE}))
        second = step("b", "", params=http(f"{target.url}/", method="POST", body="${{ steps.a.result }}"))
        await put(database, "one_word", "one-word-token")
        await stack.save_workflow(workflow(first, second, output="${{ steps.a.result }}"))
        run = await complete(stack)
    assert run["status"] == "COMPLETED"
    assert "Authorization: Bearer one-word-token" in server.seen[0].decode()
    assert await find_everywhere(database, TOKEN, "one-word-token") == []


async def test_each_item_of_a_step_has_its_secret(database: Database, target: TargetServer) -> None:
    await put(database, "tok", TOKEN)
    async with run_stack(database) as stack:
        params = http(f"{target.url}/${{{{ item }}}}", headers={"X-Key": REFERENCE})
        undo = {"job": "http", "params": http(f"{target.url}/undo", headers={"X-Key": REFERENCE})}
        steps = [
            step("a", "", forEach="${{ inputs.items }}", params=params, compensation=undo),
            step("b", f"{target.url}/fails", onFailure="compensate"),
        ]
        target.script = [200] * 3 + [500]
        await stack.save_workflow(workflow(*steps, inputs={"items": {"type": "array"}}))
        run = await complete(stack, {"items": ["x", "y", "z"]})
    assert run["status"] == "FAILED"
    keys = [(call["path"], call["headers"].get("X-Key")) for call in target.calls]
    assert {("/x", TOKEN), ("/y", TOKEN), ("/z", TOKEN), ("/undo", TOKEN)} <= set(keys)
    assert await find_everywhere(database, TOKEN) == []


async def test_a_step_fails_where_its_secret_is_gone_or_may_not_go(database: Database, target: TargetServer) -> None:
    await put(database, "tok", TOKEN)
    async with run_stack(database) as stack:
        retried = {"retry": {"maxRetries": 3, "offsets": ["PT0S"]}}
        await stack.save_workflow(
            workflow(step("a", "", params=http(target.url, token="${{ secrets.tok }}"), **retried))
        )
        await put(database, "tok", TOKEN, "api.example.com")  # at saving, it is refused
        for kind in ("SECRET_HOST", "SECRET_MISSING"):
            assert (await complete(stack))["status"] == "FAILED"
            runs: list[Any] = await database.runs.find({}).to_list()
            failed = [run for run in runs if run["error"]["kind"] == kind]
            assert [len(run["attempts"]) for run in failed] == [1]
            await delete_secret(database, "alice", "tok") if kind == "SECRET_HOST" else None
    assert target.calls == []


async def test_secrets_are_those_of_the_owner_of_the_run(database: Database, target: TargetServer) -> None:
    await put(database, "tok", TOKEN)
    await put(database, "tok", "bobs own value", owner="bob")
    params: Any = {"headers": [{"name": "X-Key", "value": REFERENCE}], "body": None, "token": None, "named_secrets": {}}
    async with run_stack(database) as stack:
        for owner in ("alice", "bob"):
            job = http_job(f"{target.url}/{owner}", **params, connect_timeout=None)
            task = await save_task(database, "", schedules.Once(clock.now() + timedelta(hours=1)), owner=owner)
            await database.tasks.update_one({"_id": task.id}, {"$set": {"job": job}})
            await run_task_now(database, owner, task.id, clock.now(), None)
            stack.wakeups.runs_queued()
            await stack.wait_for_runs(task.id, "COMPLETED")
    assert {call["path"]: call["headers"]["X-Key"] for call in target.calls} == {
        "/alice": TOKEN,
        "/bob": "bobs own value",
    }


async def test_a_workflow_names_only_secrets_of_its_owner(database: Database) -> None:
    await put(database, "tok", TOKEN, owner="bob")
    async with run_stack(database) as stack:
        with pytest.raises(WorkflowInvalid, match="You have no secret tok"):
            await stack.save_workflow(workflow(step("a", f"https://example.com/{REFERENCE}")))
