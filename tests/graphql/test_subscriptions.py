"""Events over a WebSocket, message by message. Common clients are tested in tests/conformance."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.graphql.conftest import T0, Api, run_document
from tests.graphql.sockets import Socket, open_socket
from tocsin.documents import ChangeKind, ChangeLog, WorkflowRunStatus
from tocsin.events import send_changes
from tocsin.graphql import ids


async def _until(socket: Socket, **expected: Any) -> Any:
    """Return the first event with these values."""
    while True:
        event = await socket.event()
        if all(event[name] == value for name, value in expected.items()):
            return event


async def test_a_snapshot_first_then_what_happens(api: Api) -> None:
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1")
        snapshot = await socket.event()
        assert (snapshot["kind"], snapshot["task"], snapshot["run"]) == ("SNAPSHOT", None, None)
        task = await api.alice.create("live")
        created = await socket.event()
        assert (created["kind"], created["taskId"], created["taskStatus"]) == ("TASK_CREATED", task, "PENDING")
        assert created["task"] == {"name": "live", "status": "PENDING"}
        await api.alice.do("runTask", {"id": task})
        run = await _until(socket, kind="RUN_CREATED")
        assert (run["runStatus"], run["run"]["status"], run["task"]["name"]) == ("QUEUED", "QUEUED", "live")
        await api.alice.do("pauseTask", {"id": task})
        await _until(socket, kind="TASK_UPDATED", taskStatus="PAUSED")
        await api.alice.do("deleteTask", {"id": task})
        deleted = await _until(socket, kind="TASK_DELETED")
        assert deleted["task"] is None


async def test_of_one_task_only(api: Api) -> None:
    first, second = await api.alice.create("first"), await api.alice.create("second")
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1", id=first)
        snapshot = await socket.event()
        assert (snapshot["taskId"], snapshot["task"]["name"]) == (first, "first")
        await api.alice.do("pauseTask", {"id": second})
        await api.alice.do("pauseTask", {"id": first})
        assert (await socket.event())["taskId"] == first


async def test_changes_by_another_process_are_seen_and_those_of_others_are_not(api: Api) -> None:
    mine, _ = await api.alice.create("mine"), await api.bob.create("bobs")
    async with open_socket(api, api.alice) as alice, open_socket(api, api.carol) as carol:
        for socket in (alice, carol):
            await socket.subscribe("1")
            assert (await socket.event())["kind"] == "SNAPSHOT"
        bobs = await api.database.tasks.find_one({"name": "bobs"})
        task = await api.database.tasks.find_one({"name": "mine"})
        assert bobs is not None
        assert task is not None
        runs = [run_document(bobs["_id"], T0), run_document(task["_id"], T0)]
        await api.database.runs.insert_many(runs)
        other = replace(api.database, changes=ChangeLog(is_shared=True))
        other.changes.runs_created(runs)
        await send_changes(other)
        event = await alice.event()
        assert (event["kind"], event["taskId"], event["runStatus"]) == ("RUN_CREATED", mine, "COMPLETED")
        await api.carol.create("carols")
        assert (await carol.event())["task"]["name"] == "carols"


async def test_unknown_foreign_and_malformed_tasks_are_errors(api: Api) -> None:
    foreign = await api.bob.create()
    unknown = ids.encode_id("Task", f"{api.alice.user.id if api.alice.user else ''}/none")
    async with open_socket(api, api.alice) as socket:
        for id_, message in [
            (foreign, "You have no task with this id."),
            (unknown, "You have no task with this id."),
            ("x", None),
        ]:
            await socket.subscribe("1", id=id_)
            answer = await socket.receive()
            assert answer["type"] == "error"
            (error,) = answer["payload"]
            assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": ["taskId"]}
            assert message is None or error["message"] == message
        await socket.subscribe("1")
        assert (await socket.event())["kind"] == "SNAPSHOT"


async def test_twenty_subscriptions_on_one_socket(api: Api) -> None:
    async with open_socket(api, api.alice) as socket:
        for number in range(20):
            await socket.subscribe(str(number))
        assert {(await socket.receive())["id"] for _ in range(20)} == {str(number) for number in range(20)}
        await api.alice.create()
        messages = [await socket.receive() for _ in range(20)]
        assert {message["id"] for message in messages} == {str(number) for number in range(20)}
        assert {message["payload"]["data"]["taskEvents"]["kind"] for message in messages} == {"TASK_CREATED"}
    while api.services.fanout._subscriptions:
        await asyncio.sleep(0.01)  # no subscription is left after the socket was closed


async def test_a_limit_completes_it_after_so_many_events(api: Api) -> None:
    query = "subscription { taskEvents(limit: 2) { kind } }"
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1", query)
        assert (await socket.event())["kind"] == "SNAPSHOT"
        await api.alice.create("second event")
        assert (await socket.event())["kind"] == "TASK_CREATED"
        assert await socket.receive() == {"type": "complete", "id": "1"}


@pytest.mark.parametrize("after", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"])
@pytest.mark.parametrize("field", ["taskEvents", "runEvents", "workflowRunEvents", "workflowEvents"])
async def test_a_position_that_was_never_sent_starts_with_a_snapshot(api: Api, field: str, after: str) -> None:
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1", f'subscription {{ {field}(after: "{after}", limit: 1) {{ kind }} }}')
        assert (await socket.receive())["payload"]["data"][field] == {"kind": "SNAPSHOT"}


@pytest.mark.parametrize(
    ("field", "says"),
    [
        ("taskEvents(limit: 0) { kind }", "limit must be 1 to 10000; it is 0."),
        ("workflowRunEvents(limit: 10001) { kind }", "limit must be 1 to 10000; it is 10001."),
        ("workflowRunEvents(untilEnd: true) { kind }", "untilEnd requires workflowRunId"),
    ],
)
async def test_invalid_limits_and_ends_are_errors(api: Api, field: str, says: str) -> None:
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1", f"subscription {{ {field} }}")
        message = await socket.receive()
    (error,) = message["payload"]
    assert message["type"] == "error"
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert says in error["message"]


async def test_until_the_end_completes_with_the_workflow_run(api: Api) -> None:
    steps = [{"key": "a", "wait": "PT1H"}]
    save = "mutation($i: SaveWorkflowInput!) { saveWorkflow(input: $i) { userErrors { message } } }"
    assert await api.alice.ask(save, i={"definition": {"name": "w", "steps": steps}}) == {
        "saveWorkflow": {"userErrors": []}
    }
    made = await api.alice.ask('mutation { executeWorkflow(input: {name: "w"}) { workflowRun { id } } }')
    run_id = made["executeWorkflow"]["workflowRun"]["id"]
    query = "subscription($id: ID!) { workflowRunEvents(workflowRunId: $id, untilEnd: true) { kind status } }"
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1", query, id=run_id)
        assert (await socket.receive())["payload"]["data"]["workflowRunEvents"]["kind"] == "SNAPSHOT"
        _, document = ids.decode_id(run_id)
        await api.alice.ask("{ tasks { totalCount } }")  # by then, the SNAPSHOT's check that it is open is done
        ended = {"status": "COMPLETED", "open": False}
        await api.database.workflow_runs.update_one({"_id": document}, {"$set": ended, "$inc": {"rev": 1}})
        changed = WorkflowRunStatus.COMPLETED
        api.database.changes.workflow_run_changed(ChangeKind.RUN_UPDATED, document, changed)
        assert (await socket.receive())["payload"]["data"]["workflowRunEvents"]["status"] == "COMPLETED"
        assert await socket.receive() == {"type": "complete", "id": "1"}
        await socket.subscribe("2", query, id=run_id)
        assert (await socket.receive())["payload"]["data"]["workflowRunEvents"]["kind"] == "SNAPSHOT"
        assert await socket.receive() == {"type": "complete", "id": "2"}
        after = query.replace("untilEnd", 'after: "2100-01-01T00:00:00Z", untilEnd')
        await socket.subscribe("3", after, id=run_id)
        assert (await socket.receive())["payload"]["data"]["workflowRunEvents"]["kind"] == "SNAPSHOT"
        assert await socket.receive() == {"type": "complete", "id": "3"}
