"""Events of workflows: live, after an absence, and for their owner only."""

from typing import Any

import pytest

from tests.graphql.conftest import Api, Caller
from tests.graphql.sockets import Socket, open_socket
from tests.graphql.workflows.test_mutations import DEFINITION, DELETE, PAUSE, UNPAUSE, save
from tocsin import clock
from tocsin.documents import Change, ChangeKind
from tocsin.events.change_filter import ChangeFilter
from tocsin.events.change_queue import merge_all
from tocsin.events.changes import decode_change, encode_change
from tocsin.graphql import ids

EVENTS = """subscription($id: ID, $after: String) { workflowEvents(workflowId: $id, afterCursor: $after) {
  kind cursor workflowId workflow { name isPaused version }
} }"""
SCHEDULED = {**DEFINITION, "schedule": {"every": {"interval": "PT1H"}}}


async def event(socket: Socket) -> Any:
    return (await socket.receive())["payload"]["data"]["workflowEvents"]


async def change_all(caller: Caller) -> None:
    """Save alice's workflow twice, pause, resume and delete it."""
    await save(caller, definition=SCHEDULED)
    await save(caller, definition=SCHEDULED)  # no change
    await save(caller, definition={**SCHEDULED, "description": "new"})
    for mutation in (PAUSE, UNPAUSE, DELETE):
        await caller.ask(mutation, name="report")


async def test_each_change_of_a_workflow_is_told_to_its_owner(api: Api) -> None:
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1", EVENTS)
        snapshot = await event(socket)
        assert (snapshot["kind"], snapshot["workflowId"], snapshot["workflow"]) == ("SNAPSHOT", None, None)
        await change_all(api.bob)
        await change_all(api.alice)
        told = [await event(socket) for _ in range(5)]
        assert [each["kind"] for each in told] == ["CREATED", "UPDATED", "UPDATED", "UPDATED", "DELETED"]
        stored = await api.database.workflows.find_one({"owner": api.alice.user and api.alice.user.id})
        assert stored is not None
        assert {each["workflowId"] for each in told} == {ids.encode_id("Workflow", stored["_id"])}
        assert told[-1]["workflow"] is None


async def test_the_state_is_told_as_it_is(api: Api) -> None:
    await save(api.alice, definition=SCHEDULED)
    await save(api.alice, definition={**SCHEDULED, "name": "other"})
    stored = await api.database.workflows.find_one({"name": "report"})
    assert stored is not None
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1", EVENTS, id=ids.encode_id("Workflow", stored["_id"]))
        assert (await event(socket))["workflow"] == {"name": "report", "isPaused": False, "version": 1}
        for name in ("other", "report"):
            await api.alice.ask(PAUSE, name=name)
        assert (await event(socket))["workflow"] == {"name": "report", "isPaused": True, "version": 1}


async def test_who_was_away_is_told_what_changed_meanwhile(api: Api) -> None:
    await save(api.alice, definition={**SCHEDULED, "name": "same"})
    await save(api.alice, definition={**SCHEDULED, "name": "gone"})
    await api.database.workflows.update_many({}, {"$set": {"created_at": clock.EPOCH, "updated_at": clock.EPOCH}})
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1", EVENTS)
        cursor = (await event(socket))["cursor"]
    await change_all(api.bob)
    await save(api.alice, definition={**SCHEDULED, "name": "new"})
    await api.alice.ask(DELETE, name="gone")
    api.services.fanout.recent_changes.clear(clock.now())  # as after a restart
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1", EVENTS, after=cursor)
        told = [await event(socket) for _ in range(2)]
    assert sorted((each["kind"], each["workflow"] and each["workflow"]["name"]) for each in told) == [
        ("CREATED", "new"), ("DELETED", None)
    ]  # fmt: skip


@pytest.mark.parametrize("wrong", ["bob", "Task", "x"])
async def test_workflows_of_others_cannot_be_subscribed(api: Api, wrong: str) -> None:
    await save(api.bob, definition=SCHEDULED)
    stored = await api.database.workflows.find_one({})
    assert stored is not None
    given = {"bob": ids.encode_id("Workflow", stored["_id"]), "Task": ids.encode_id("Task", stored["_id"]), "x": "x"}
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1", EVENTS, id=given[wrong])
        answer = (await socket.receive())["payload"]
        (error,) = answer if isinstance(answer, list) else answer["errors"]
        assert error["extensions"]["code"] in {"NOT_FOUND", "BAD_USER_INPUT"}


def test_other_subscribers_are_not_told_of_workflows() -> None:
    change = Change(ChangeKind.WORKFLOW_UPDATED, clock.EPOCH, workflow="alice/1")
    assert decode_change(encode_change(change), clock.EPOCH) == change
    assert ChangeFilter("alice", definitions=True).matches(change)
    assert not ChangeFilter("alice", definitions=True, workflow="alice/2").matches(change)
    runs, notified = ChangeFilter("alice", workflows=True), ChangeFilter("alice", notifications=True)
    assert not any(other.matches(change) for other in (ChangeFilter("alice"), runs, notified))
    of_run = Change(ChangeKind.RUN_UPDATED, clock.EPOCH, workflow_run_id="alice/w1", workflow="alice/1")
    assert not ChangeFilter("alice", definitions=True).matches(of_run)


def test_changes_of_one_workflow_are_merged_and_it_stays_created_or_deleted() -> None:
    kinds = [ChangeKind.WORKFLOW_CREATED, ChangeKind.WORKFLOW_UPDATED]
    changes = [Change(kind, clock.EPOCH, workflow="alice/1") for kind in kinds]
    other = Change(ChangeKind.WORKFLOW_UPDATED, clock.EPOCH, workflow="alice/2")
    assert [each.kind for each in merge_all([*changes, other])] == kinds
    deleted = Change(ChangeKind.WORKFLOW_DELETED, clock.EPOCH, workflow="alice/1")
    assert [each.kind for each in merge_all([*changes, deleted])] == [ChangeKind.WORKFLOW_DELETED]
