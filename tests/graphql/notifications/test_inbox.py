"""The list of notifications, and their acknowledgement."""

import asyncio
from typing import Any

import pytest

from tests.graphql.conftest import T0, Api, run_document
from tests.graphql.notifications.helpers import LIST, acknowledge, age, listed, names_of, owner_of, tell
from tocsin.documents import to_global_id
from tocsin.notifications.inbox.positions import FeedPosition
from tocsin.notifications.inbox.store import store_notifications
from tocsin.notifications.run_events import ApprovalRequested, TaskFailure

_KINDS = "query($kinds: [NotificationKind!]) { notifications(kinds: $kinds) { totalCount nodes { kind } } }"
_DETAILS = """{ notifications { nodes {
  __typename id kind subject text at link acknowledgedAt data task { name } run { status } workflowRun { status }
} } }"""


async def test_a_notification_with_all_that_it_is_about(api: Api) -> None:
    task_id = await api.alice.create("nightly")
    (task,) = await api.database.tasks.find({}).to_list()
    run = run_document(task["_id"], T0, status="FAILED", finished_at=T0, task_name="nightly")
    await api.database.runs.insert_one(run)
    await store_notifications(api.database, [TaskFailure.from_run(run)])
    (found,) = (await api.alice.ask(_DETAILS))["notifications"]["nodes"]
    assert (found["__typename"], found["kind"], found["at"]) == (
        "Notification",
        "FAILED_FOR_GOOD",
        "2026-03-01T12:00:00Z",
    )
    assert found["subject"] == 'Task "nightly" has failed'
    assert found["text"].startswith('Your task "nightly" has failed. This run will not be retried.\n')
    assert found["link"].startswith("http://127.0.0.1:8000/#/runs/")
    assert (found["data"]["taskId"], found["data"]["runId"]) == (task_id, to_global_id("Run", run["_id"]))
    assert (found["task"], found["run"], found["workflowRun"]) == ({"name": "nightly"}, {"status": "FAILED"}, None)
    node = "query($id: ID!) { node(id: $id) { ... on Notification { subject acknowledgedAt } } }"
    assert (await api.alice.ask(node, id=found["id"]))["node"] == {"subject": found["subject"], "acknowledgedAt": None}
    await api.database.runs.delete_one({"_id": run["_id"]})
    await api.alice.do("deleteTask", {"id": task_id})
    (gone,) = (await api.alice.ask(_DETAILS))["notifications"]["nodes"]
    assert (gone["task"], gone["run"], gone["subject"]) == (None, None, found["subject"])


async def test_who_decides_sees_the_request_but_not_the_run_of_another(api: Api) -> None:
    alice, bob = owner_of(api.alice), owner_of(api.bob)
    run: Any = {"_id": f"{alice}/w1-1", "owner": alice, "name": "pay", "workflow": f"{alice}/1"}
    state: Any = {"status": "WAITING", "message": "Pay?", "started_at": T0}
    await store_notifications(api.database, [ApprovalRequested.from_step(run, "ask", bob, state)])
    (found,) = (await api.bob.ask(_DETAILS))["notifications"]["nodes"]
    assert (found["kind"], found["subject"]) == ("APPROVAL", "pay / ask is waiting for your decision")
    assert (found["data"]["workflowRunId"], found["workflowRun"]) == (to_global_id("WorkflowRun", run["_id"]), None)
    assert await listed(api.alice) == []
    assert (await acknowledge(api.alice, ids=[found["id"]]))["userErrors"][0]["code"] == "NOT_FOUND"
    assert (await acknowledge(api.bob, ids=[found["id"]]))["count"] == 1


async def test_the_list_goes_back_in_pages(api: Api) -> None:
    await tell(api.database, owner_of(api.alice), *range(7))
    query = """query($after: String) { notifications(first: 3, after: $after) {
      totalCount nodes { data } pageInfo { endCursor hasNextPage }
    } }"""
    after, got = None, []
    while True:
        page = (await api.alice.ask(query, after=after))["notifications"]
        assert page["totalCount"] == 7
        got += names_of(page["nodes"])
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert got == [6, 5, 4, 3, 2, 1, 0]


async def test_a_list_of_some_kinds(api: Api) -> None:
    await tell(api.database, owner_of(api.alice), 1, 2)
    for kinds, count in ((None, 2), (["QUOTA_MET", "APPROVAL"], 2), (["APPROVAL"], 0), ([], 0)):
        assert (await api.alice.ask(_KINDS, kinds=kinds))["notifications"]["totalCount"] == count, kinds
    answer = await api.alice.post(_KINDS, {"kinds": ["INVITATION"]})
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_cursor_of_a_reader_is_none_of_the_list(api: Api) -> None:
    await tell(api.database, owner_of(api.alice), 1)
    (found,) = await listed(api.alice)
    for after in (found["cursor"], "x", FeedPosition.at(T0).encode()):
        answer = await api.alice.post("query($a: String) { notifications(after: $a) { totalCount } }", {"a": after})
        assert answer["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT", "field": ["after"]}


# --- acknowledgement --------------------------------------------------------------------------------------------------


async def test_some_are_acknowledged_and_again_without_effect(api: Api) -> None:
    await tell(api.database, owner_of(api.alice), 1, 2, 3)
    nodes = await listed(api.alice)
    first_two = [node["id"] for node in nodes[:2]]
    done = {"count": 2, "unacknowledgedCount": 1, "userErrors": []}
    assert await acknowledge(api.alice, ids=[*first_two, first_two[0]]) == done
    times = [node["acknowledgedAt"] for node in await listed(api.alice)]
    assert [time is None for time in times] == [False, False, True]
    assert await acknowledge(api.alice, ids=first_two) == {**done, "count": 0}
    assert [node["acknowledgedAt"] for node in await listed(api.alice)] == times
    left = "{ notifications(unacknowledgedOnly: true) { totalCount totalCountIsExact nodes { data } } }"
    found = (await api.alice.ask(left))["notifications"]
    assert (found["totalCount"], found["totalCountIsExact"], names_of(found["nodes"])) == (1, True, [1])
    assert await acknowledge(api.alice, ids=[]) == {**done, "count": 0}


@pytest.mark.parametrize("are_old", [True, False])
async def test_all_up_to_a_cursor_are_acknowledged(api: Api, are_old: bool) -> None:
    await tell(api.database, owner_of(api.alice), *range(6))
    await tell(api.database, owner_of(api.bob), 1)
    if are_old:
        await age(api.database)
    nodes = await listed(api.alice)
    assert await acknowledge(api.alice, upTo=nodes[2]["cursor"]) == {
        "count": 4, "unacknowledgedCount": 2, "userErrors": [],
    }  # fmt: skip
    acknowledged = [node for node in await listed(api.alice) if node["acknowledgedAt"] is not None]
    assert names_of(acknowledged) == [3, 2, 1, 0]
    assert [node["acknowledgedAt"] for node in await listed(api.bob)] == [None]
    assert (await acknowledge(api.alice, upTo=nodes[2]["cursor"]))["count"] == 0


async def test_thousands_are_acknowledged_at_once(api: Api) -> None:
    alice = owner_of(api.alice)
    await tell(api.database, alice, 1)
    (sample,) = await api.database.notifications.find({}).to_list()
    await api.database.notifications.insert_many([{**sample, "_id": f"{alice}/n{number}"} for number in range(1_200)])
    await age(api.database)
    (newest,) = (await api.alice.ask("{ notifications(first: 1) { nodes { cursor } } }"))["notifications"]["nodes"]
    done = await acknowledge(api.alice, upTo=newest["cursor"])
    assert (done["count"], done["unacknowledgedCount"]) == (1_201, 0)


async def test_two_clients_that_acknowledge_at_once_count_each_once(api: Api) -> None:
    await tell(api.database, owner_of(api.alice), *range(20))
    nodes = await listed(api.alice)
    by_ids = [acknowledge(api.alice, ids=[node["id"] for node in nodes]) for _ in range(3)]
    answers = await asyncio.gather(*by_ids, acknowledge(api.alice, upTo=nodes[0]["cursor"]))
    assert sum(answer["count"] for answer in answers) == 20
    assert (await acknowledge(api.alice, ids=[]))["unacknowledgedCount"] == 0


async def test_an_acknowledgement_that_makes_no_sense_is_refused(api: Api) -> None:
    await tell(api.database, owner_of(api.alice), 1)
    await tell(api.database, owner_of(api.bob), 1)
    (mine,), (bobs,) = await listed(api.alice), await listed(api.bob)
    cases: list[tuple[dict[str, Any], str, list[str]]] = [
        ({}, "INVALID", ["ids"]),
        ({"ids": [mine["id"]], "upTo": mine["cursor"]}, "INVALID", ["ids"]),
        ({"ids": [mine["id"], bobs["id"]]}, "NOT_FOUND", ["ids", "1"]),
        ({"ids": [to_global_id("Notification", "none")]}, "NOT_FOUND", ["ids", "0"]),
        ({"ids": [to_global_id("Task", "none")]}, "NOT_FOUND", ["ids", "0"]),
        ({"ids": ["x"]}, "INVALID", ["ids", "0"]),
        ({"ids": [mine["id"]] * 101}, "INVALID", ["ids"]),
        ({"upTo": "x"}, "INVALID", ["upTo"]),
    ]
    for given, code, field in cases:
        payload = await acknowledge(api.alice, **given)
        assert (payload["count"], payload["unacknowledgedCount"]) == (None, None), given
        assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [(code, field)], given
    assert (await api.alice.ask(LIST))["notifications"]["nodes"][0]["acknowledgedAt"] is None
