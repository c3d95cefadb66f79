"""Where subscriptions of events go on, and what they leave out, over a WebSocket."""

from datetime import timedelta
from typing import Any

import pytest

from tests.graphql.conftest import T0, Api, Caller, run_document
from tests.graphql.sockets import Socket, open_socket
from tocsin import clock
from tocsin.documents.history import begin_history_at
from tocsin.events import EventCursor
from tocsin.graphql import ids

TASKS = """subscription($c: String, $ids: [ID!], $kinds: [TaskEventKind!], $statuses: [RunStatus!], $l: Int) {
  taskEvents(afterCursor: $c, taskIds: $ids, kinds: $kinds, runStatuses: $statuses, limit: $l) {
    kind cursor taskId taskStatus runStatus
} }"""
RUNS = """subscription($c: String, $ids: [ID!], $statuses: [RunStatus!], $l: Int) {
  runEvents(afterCursor: $c, taskIds: $ids, statuses: $statuses, limit: $l) {
    kind cursor at runId taskId status run { status }
} }"""
WORKFLOWS = """subscription($c: String, $w: ID, $kinds: [WorkflowRunEventKind!]) {
  workflowRunEvents(afterCursor: $c, workflowId: $w, kinds: $kinds) { kind cursor workflowRunId status }
}"""
SAVE = "mutation($i: SaveWorkflowInput!) { saveWorkflow(input: $i) { workflow { id } userErrors { message } } }"
EXECUTE = "mutation($i: ExecuteWorkflowInput!) { executeWorkflow(input: $i) { workflowRun { id } } }"


async def event(socket: Socket) -> Any:
    """Return the next event of whichever subscription."""
    (found,) = (await socket.receive())["payload"]["data"].values()
    return found


async def until(socket: Socket, **expected: Any) -> list[Any]:
    """Return the events up to the first one with these values."""
    seen = [await event(socket)]
    while any(seen[-1][name] != value for name, value in expected.items()):
        seen.append(await event(socket))
    return seen


def forget(api: Api) -> None:
    """Have the process forget the latest changes, as a restart does."""
    api.services.fanout.recent_changes.clear()


@pytest.mark.parametrize("is_restarted", [False, True])
async def test_a_client_goes_on_after_its_cursor(api: Api, is_restarted: bool) -> None:
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1", TASKS)
        cursor = (await event(socket))["cursor"]
        first = await api.alice.create("first")
        cursor = (await until(socket, taskId=first))[-1]["cursor"]
        socket.drop()
    second = await api.alice.create("second")
    await api.alice.do("pauseTask", {"id": first})
    await api.alice.do("deleteTask", {"id": second})
    await api.bob.create("not hers")
    if is_restarted:
        forget(api)
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1", TASKS, c=cursor)
        seen = await until(socket, kind="TASK_DELETED", taskId=second)
        assert {one["taskId"] for one in seen} == {first, second}
        assert "PAUSED" in [one["taskStatus"] for one in seen if one["taskId"] == first]
        third = await api.alice.create("third")
        assert [one["kind"] for one in await until(socket, taskId=third)] == ["TASK_CREATED"]


async def test_one_event_at_a_time_comes_to_an_end(api: Api) -> None:
    """Each subscription takes a single event and the next goes on after it, also between a run and its task."""
    tasks = [await api.alice.create() for _ in range(2)]
    for task in tasks:
        document = ids.decode_id(task)[1]
        await api.database.runs.insert_many(
            [run_document(document, clock.now(), _id=f"{document}:{number}") for number in range(2)]
        )
    cursor, seen = EventCursor(T0).encode(), list[Any]()
    async with open_socket(api, api.alice) as socket:
        while len({(one["kind"], one["taskId"], one["runStatus"]) for one in seen}) < 6:
            forget(api)
            await socket.subscribe("1", TASKS, c=cursor, l=1)
            seen.append(await event(socket))
            cursor = seen[-1]["cursor"]
            assert (await socket.receive())["type"] == "complete"
            assert len(seen) < 20
    assert {one["taskId"] for one in seen} == set(tasks)


async def test_a_resync_names_the_place_from_which_to_go_on(api: Api) -> None:
    assert api.alice.user is not None
    await begin_history_at(api.database, api.alice.user.id, clock.now())
    async with open_socket(api, api.alice) as socket:
        for query in (TASKS, RUNS, WORKFLOWS):
            await socket.subscribe("1", query, c=EventCursor(T0).encode())
            told = await event(socket)
            assert told["kind"] == "RESYNC"
            await socket.send(type="complete", id="1")
            await socket.subscribe("2", query, c=told["cursor"])
            if query != WORKFLOWS:
                task = await api.alice.create()
                await api.alice.do("runTask", {"id": task})
                assert "RESYNC" not in [one["kind"] for one in await until(socket, taskId=task)]
            await socket.send(type="complete", id="2")


async def test_only_the_wanted_kinds_tasks_and_statuses_are_sent(api: Api) -> None:
    wanted, other = await api.alice.create(), await api.alice.create()
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("t", TASKS, ids=[wanted], kinds=["TASK_UPDATED"])
        assert (await event(socket))["kind"] == "SNAPSHOT"
        for task in (other, wanted):
            await api.alice.do("runTask", {"id": task})
            await api.alice.do("pauseTask", {"id": task})
        told = await event(socket)
        assert (told["kind"], told["taskId"]) == ("TASK_UPDATED", wanted)
        await socket.send(type="complete", id="t")
        await socket.subscribe("r", RUNS, ids=[wanted], statuses=["FAILED"])
        assert (await event(socket))["kind"] == "SNAPSHOT"
        for task in (other, wanted):
            document = ids.decode_id(task)[1]
            for status in ("COMPLETED", "FAILED"):
                run = run_document(document, clock.now(), status=status, _id=f"{document}:{status}")
                await api.database.runs.insert_one(run)
                api.database.changes.runs_created([run])
        told = await event(socket)
        assert (told["taskId"], told["status"], told["run"]) == (wanted, "FAILED", {"status": "FAILED"})
        await socket.send(type="complete", id="r")
        forget(api)
        await socket.subscribe("c", RUNS, ids=[wanted], statuses=["FAILED"], c=EventCursor(T0).encode())
        again = await event(socket)
        assert (again["runId"], again["kind"]) == (told["runId"], "CREATED")


async def test_somebody_who_wants_only_updates_gets_those_of_new_runs(api: Api) -> None:
    """A run that was created and ended before it was told is one change. It is told as an update."""
    task = await api.alice.create()
    document = ids.decode_id(task)[1]
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("t", TASKS, kinds=["RUN_UPDATED"])
        assert (await event(socket))["kind"] == "SNAPSHOT"
        runs = [run_document(document, clock.now(), _id=f"{document}:{number}") for number in range(60)]
        api.database.changes.runs_created([run | {"status": "QUEUED"} for run in runs])
        api.database.changes.runs_moved(runs)
        seen = [await event(socket) for _ in runs]
    assert {(one["kind"], one["runStatus"]) for one in seen} == {("RUN_UPDATED", "COMPLETED")}


@pytest.mark.parametrize("is_restarted", [False, True])
async def test_the_runs_of_one_workflow(api: Api, is_restarted: bool) -> None:
    saved = {}
    for name in ("wanted", "other"):
        definition = {"name": name, "steps": [{"key": "a", "wait": "PT1H"}]}
        saved[name] = (await api.alice.ask(SAVE, i={"definition": definition}))["saveWorkflow"]["workflow"]["id"]
    cursor = EventCursor(api.services.fanout.now()).encode()
    runs = {}
    for name in ("other", "wanted"):
        made = await api.alice.ask(EXECUTE, i={"name": name})
        runs[name] = made["executeWorkflow"]["workflowRun"]["id"]
    if is_restarted:
        forget(api)
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1", WORKFLOWS, w=saved["wanted"], c=cursor, kinds=["CREATED"])
        told = await event(socket)
        assert (told["kind"], told["workflowRunId"], told["status"]) == ("CREATED", runs["wanted"], "PENDING")


async def _message(api: Api, caller: Caller, query: str, **variables: Any) -> tuple[Any, str]:
    async with open_socket(api, caller) as socket:
        await socket.subscribe("1", query, **variables)
        answer = await socket.receive()
    (error,) = answer["payload"] if answer["type"] == "error" else answer["payload"]["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    return error["extensions"].get("field"), error["message"]


async def test_bad_arguments_say_where_and_why(api: Api) -> None:
    task, foreign = await api.alice.create(), await api.bob.create()
    page = (await api.alice.ask("{ tasks(first: 1) { pageInfo { endCursor } } }"))["tasks"]["pageInfo"]["endCursor"]
    for cursor in ("x", "ü", "=" * 500, page, EventCursor(T0).encode()[:-3]):
        assert await _message(api, api.alice, TASKS, c=cursor) == (
            ["afterCursor"],
            "This is not a cursor of an event. Use `cursor` of an event of this subscription, exactly as it was sent.",
        )
        assert (await _message(api, api.alice, RUNS, c=cursor))[0] == ["afterCursor"]
    both = f'subscription {{ taskEvents(after: "2026-01-01T00:00:00Z", afterCursor: "{page}") {{ kind }} }}'
    assert await _message(api, api.alice, both) == (["afterCursor"], "Set after or afterCursor, not both.")
    assert await _message(api, api.alice, TASKS, ids=[task, foreign]) == (
        ["taskIds", "1"], "You have no task with this id.",
    )  # fmt: skip
    assert (await _message(api, api.alice, TASKS, ids=[]))[
        1
    ] == "Name 1 to 100 tasks, or leave taskIds out; there are 0."
    assert (await _message(api, api.alice, RUNS, ids=[task] * 101))[0] == ["taskIds"]
    assert await _message(api, api.alice, RUNS, statuses=[]) == (
        ["statuses"],
        "Name at least one, or leave statuses out.",
    )
    assert (await _message(api, api.alice, TASKS, kinds=[]))[0] == ["kinds"]
    assert (await _message(api, api.alice, WORKFLOWS, w=task))[1] == "You have no workflow with this id."


async def test_a_cursor_of_somebody_else_shows_only_ones_own(api: Api) -> None:
    await api.alice.create("hers")
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1", TASKS, c=EventCursor(T0).encode())
        cursor = (await event(socket))["cursor"]
    his = await api.bob.create("his")
    for caller in (api.bob, api.carol):
        forget(api)
        async with open_socket(api, caller) as socket:
            await socket.subscribe("1", TASKS, c=cursor)
            mine = his if caller is api.bob else await caller.create("mine")
            assert (await event(socket))["taskId"] == mine


async def test_the_filters_are_part_of_what_is_shared(api: Api) -> None:
    task = await api.alice.create()
    async with open_socket(api, api.alice) as socket:
        for number, variables in enumerate([{}, {}, {"ids": [task]}, {"kinds": ["TASK_DELETED"]}]):
            await socket.subscribe(str(number), TASKS, **variables)
            assert (await event(socket))["kind"] == "SNAPSHOT"
        assert len(api.services.subscription_groups) == 3


async def test_runs_go_on_after_a_time_as_tasks_do(api: Api) -> None:
    query = "subscription($at: DateTime, $c: String) { runEvents(after: $at, afterCursor: $c) { kind at runId } }"
    task = await api.alice.create()
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1", query)
        api.services.fanout.recent_changes.clear(clock.now() - timedelta(minutes=1))  # as if it had run for longer
        snapshot = await event(socket)
        socket.drop()
    await api.alice.do("runTask", {"id": task})
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1", query, at=snapshot["at"])
        assert (await event(socket))["kind"] == "CREATED"
        await socket.subscribe("2", query, at=snapshot["at"], c="x")
        assert (await socket.receive())["type"] == "error"
