"""Streams and long polls of notifications that want only some: by kind, task and workflow run, over the wire."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.graphql.conftest import Api, Caller
from tests.graphql.notifications.helpers import age, owner_of, tell, tell_elsewhere
from tests.graphql.notifications.test_live_channel import attempts, create, repeating
from tests.graphql.notifications.test_long_polls import waiting
from tests.graphql.sockets import Socket, open_socket
from tocsin import clock
from tocsin.graphql import ids
from tocsin.notifications.inbox import owner_reads
from tocsin.notifications.inbox.sections import read_section
from tocsin.notifications.inbox.store import store_notifications
from tocsin.notifications.run_events import WorkflowFailure
from tocsin.notifications.task_events import TaskPaused

RECEIVED = """subscription($c: String, $a: String, $kinds: [NotificationKind!], $tasks: [ID!], $w: ID) {
  notificationReceived(afterCursor: $c, after: $a, kinds: $kinds, taskIds: $tasks, workflowRunId: $w) {
    kind cursor data deliveryAttempt
} }"""
POLL = """query($c: String, $kinds: [NotificationKind!], $tasks: [ID!], $w: ID, $s: Int) {
  notifications(after: $c, kinds: $kinds, taskIds: $tasks, workflowRunId: $w, waitSeconds: $s) {
    totalCount nodes { kind data } pageInfo { endCursor }
} }"""
SAVE = "mutation($i: SaveWorkflowInput!) { saveWorkflow(input: $i) { workflow { id } } }"
EXECUTE = "mutation($i: ExecuteWorkflowInput!) { executeWorkflow(input: $i) { workflowRun { id } } }"


async def pause(api: Api, task: str, at: datetime | None = None) -> None:
    """Store the notification of a task that has paused itself because it cannot be read."""
    document = await api.database.tasks.find_one({"_id": ids.require_id("Task", task, "id")})
    assert document is not None
    told: Any = {"run": None, "failures": 0, "at": at or clock.now(), "is_told": False}
    await store_notifications(api.database, [TaskPaused.from_task(document, told, None)])


async def execute(caller: Caller, name: str) -> str:
    await caller.ask(SAVE, i={"definition": {"name": name, "steps": [{"key": "a", "wait": "PT1H"}]}})
    run: str = (await caller.ask(EXECUTE, i={"name": name}))["executeWorkflow"]["workflowRun"]["id"]
    return run


async def fail(api: Api, workflow_run: str) -> None:
    """Store the notification of a workflow run that failed for good."""
    document: Any = await api.database.workflow_runs.find_one(
        {"_id": ids.require_id("WorkflowRun", workflow_run, "id")}
    )
    await store_notifications(api.database, [WorkflowFailure.from_run(document | {"error": None}, 1, ["a"])])


async def receive(socket: Socket) -> tuple[Any, str]:
    """Return what the next notification is about, and its cursor."""
    found = (await socket.receive())["payload"]["data"]["notificationReceived"]
    return about(found), found["cursor"]


def about(found: Any) -> Any:
    data = found["data"]
    return data.get("taskId") or data.get("workflowRunId") or int(data["quotas"][0])


@pytest.mark.parametrize("are_old", [False, True])
async def test_a_stream_gives_what_is_wanted_and_goes_on_behind_the_rest(api: Api, are_old: bool) -> None:
    alice, task, other = owner_of(api.alice), await api.alice.create("a"), await api.alice.create("b")
    await tell(api.database, alice, 1)
    await pause(api, other)
    await pause(api, task)
    if are_old:
        await age(api.database)
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1", RECEIVED, tasks=[task])
        assert (await receive(socket))[0] == task
        await tell_elsewhere(api.database, alice, 2)
        await pause(api, other, clock.now() + timedelta(minutes=1))
        await pause(api, task, clock.now() + timedelta(minutes=1))
        found, cursor = await receive(socket)
        assert found == task
    await tell(api.database, alice, 3)
    await pause(api, task, clock.now() + timedelta(minutes=2))
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1", RECEIVED, c=cursor, tasks=[task])
        found, cursor = await receive(socket)
        assert found == task
        await socket.subscribe("2", RECEIVED, a=cursor)  # nothing that was stored before
        await tell(api.database, alice, 4)
        assert (await receive(socket))[0] == 4


async def test_kinds_and_workflow_runs_are_wanted_too(api: Api) -> None:
    alice, task = owner_of(api.alice), await api.alice.create()
    wanted, other = await execute(api.alice, "wanted"), await execute(api.alice, "other")
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1", RECEIVED, w=wanted)
        await socket.subscribe("2", RECEIVED, kinds=["QUOTA_MET"])
        await fail(api, other)
        await fail(api, wanted)
        await pause(api, task)
        await tell(api.database, alice, 1)
        assert {(await receive(socket))[0] for _ in range(2)} == {wanted, 1}
    both = (await api.alice.ask(POLL, w=wanted, kinds=["QUOTA_MET"]))["notifications"]
    assert (both["totalCount"], both["nodes"]) == (0, [])
    one = (await api.alice.ask(POLL, w=wanted))["notifications"]
    assert (one["totalCount"], [about(node) for node in one["nodes"]]) == (1, [wanted])


async def test_a_long_poll_waits_for_what_is_wanted(api: Api) -> None:
    task, other = await api.alice.create("a"), await api.alice.create("b")
    polling = asyncio.create_task(api.alice.ask(POLL, tasks=[task], s=20))
    await waiting(api)
    await tell(api.database, owner_of(api.alice), 1)
    await pause(api, other)
    await pause(api, task)
    page = (await polling)["notifications"]
    assert [about(node) for node in page["nodes"]] == [task]
    await pause(api, task, clock.now() + timedelta(minutes=1))
    page = (await api.alice.ask(POLL, tasks=[task], s=20, c=page["pageInfo"]["endCursor"]))["notifications"]
    assert [about(node) for node in page["nodes"]] == [task]


async def test_repetitions_of_what_is_not_wanted_are_left_out_and_count_as_not_received(api: Api) -> None:
    await create(api.alice)
    async with repeating(api) as repeater, open_socket(api, api.alice) as socket:
        await socket.subscribe("1", RECEIVED, kinds=["TASK_PAUSED"])
        await waiting_stream(api)
        await repeater.tell(1)
        await repeater.repeat()
        await pause(api, task := await api.alice.create())
        assert (await receive(socket))[0] == task
        assert {received for _, received in await attempts(api)} == {False}
        await socket.subscribe("2", RECEIVED, kinds=["QUOTA_MET"])
        assert (await receive(socket))[0] == 1
        await repeater.repeat()
        found = (await socket.receive())["payload"]["data"]["notificationReceived"]
        assert (about(found), found["deliveryAttempt"]) == (1, 3)


async def waiting_stream(api: Api) -> None:
    async with asyncio.timeout(10):
        while not api.services.fanout._subscriptions:
            await asyncio.sleep(0.01)


async def test_streams_with_different_filters_share_their_reads(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    task, reads = await api.alice.create(), [0]

    async def count(*given: Any) -> Any:
        reads[0] += 1
        return await read_section(*given)

    filters: list[dict[str, Any]] = [{}, {"tasks": [task]}, {"kinds": ["TASK_PAUSED"]}, {"kinds": ["QUOTA_MET"]}] * 5
    async with open_socket(api, api.alice) as socket:
        for number, wanted in enumerate(filters):
            await socket.subscribe(str(number), RECEIVED, **wanted)
        await pause(api, task)
        assert [(await receive(socket))[0] for _ in range(15)] == [task] * 15
        monkeypatch.setattr(owner_reads.__name__ + ".read_section", count)
        await tell(api.database, owner_of(api.alice), 1)
        assert [(await receive(socket))[0] for _ in range(10)] == [1] * 10
    assert 1 <= reads[0] <= 4


async def refusal(api: Api, **variables: Any) -> tuple[str, Any, str]:
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1", RECEIVED, **variables)
        answer = await socket.receive()
    (error,) = answer["payload"] if answer["type"] == "error" else answer["payload"]["errors"]
    return error["extensions"]["code"], error["extensions"].get("field"), error["message"]


async def test_bad_filters_and_cursors_say_where_and_why(api: Api) -> None:
    foreign, foreign_run = await api.bob.create(), await execute(api.bob, "bobs")
    assert await refusal(api, tasks=[foreign]) == ("BAD_USER_INPUT", ["taskIds", "0"], "You have no task with this id.")
    assert (await refusal(api, w=foreign_run))[:2] == ("BAD_USER_INPUT", ["workflowRunId"])
    assert (await refusal(api, w=foreign))[:2] == ("BAD_USER_INPUT", ["workflowRunId"])
    assert (await refusal(api, tasks=[]))[:2] == ("BAD_USER_INPUT", ["taskIds"])
    assert (await refusal(api, kinds=[]))[:2] == ("BAD_USER_INPUT", ["kinds"])
    assert (await refusal(api, c="x"))[:2] == ("BAD_USER_INPUT", ["afterCursor"])
    assert (await refusal(api, a="x"))[:2] == ("BAD_USER_INPUT", ["after"])
    assert await refusal(api, a="x", c="x") == (
        "BAD_USER_INPUT", ["afterCursor"], "Set after or afterCursor, not both."
    )  # fmt: skip
    for given in ({"tasks": [foreign]}, {"w": foreign_run}):
        answer = await api.alice.post(POLL, given)
        assert answer["errors"][0]["extensions"]["field"][0] in ("taskIds", "workflowRunId")
