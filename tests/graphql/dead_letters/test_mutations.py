"""Dead letters over HTTP: lists, causes, replays, discarding, and invalid input."""

from datetime import timedelta
from typing import Any

import pytest

from tests.graphql.conftest import T0, Api, run_document
from tocsin import clock
from tocsin.documents import Doc
from tocsin.graphql import ids
from tocsin.maintenance.replayer import Replayer
from tocsin.wakeups import Wakeups

LIST = "query($f: DeadLetterFilter, $n: Int, $a: String) { deadLetters(filter: $f, first: $n, after: $a) "
PAGE = "{ totalCount pageInfo { hasNextPage endCursor } nodes { id deadLetter discardedAt } } }"
REPLAY = "mutation($i: ReplayDeadLettersInput!) { replayDeadLetters(input: $i) "
REPLAYED = "{ count userErrors { field code message } replay { id status canary perMinute settings } } }"
DISCARD = "mutation($i: DiscardDeadLettersInput!) { discardDeadLetters(input: $i) { count userErrors { field code } } }"
STOP = "mutation($id: ID!) { stopReplay(input: {id: $id}) { replay { status finishedAt } userErrors { code } } }"
SHOW = """query($id: ID!) { replay(id: $id) { status reason finishedAt canaryRun { id } skips { reason count }
  counts { selected sent succeeded failed skipped } } }"""


async def letters(api: Api, count: int, **more: Any) -> list[str]:
    """Insert dead letters of alice, one second apart, and return their global IDs."""
    await api.alice.create("ping")
    task = (await api.database.tasks.find({}).to_list())[-1]
    job = {"kind": "http", "params": {"url": "https://a.test/x"}}
    error = {"kind": "HTTP_STATUS", "message": "It answered 500.", "hint": None}
    times = [T0 + timedelta(seconds=number) for number in range(count)]
    same = {"status": "FAILED", "job": job, "error": error, **more}
    runs = [run_document(task["_id"], at, finished_at=at, **same) for at in times]
    await api.database.runs.insert_many(runs)
    return [ids.encode_id("Run", run["_id"]) for run in runs]


async def listed(api: Api, **variables: Any) -> Any:
    return (await api.alice.ask(LIST + PAGE, **variables))["deadLetters"]


async def replay(api: Api, **given: Any) -> Any:
    return (await api.alice.ask(REPLAY + REPLAYED, i=given))["replayDeadLetters"]


async def discard(api: Api, **given: Any) -> Any:
    return (await api.alice.ask(DISCARD, i=given))["discardDeadLetters"]


async def test_pages_begin_with_the_latest(api: Api) -> None:
    found = await letters(api, 5)
    await letters(api, 2, status="COMPLETED")
    await letters(api, 2, discarded_at=T0)
    first = await listed(api, n=3)
    assert [run["id"] for run in first["nodes"]] == found[:1:-1]
    assert all(run["deadLetter"] and run["discardedAt"] is None for run in first["nodes"])
    rest = await listed(api, n=3, a=first["pageInfo"]["endCursor"])
    assert ([run["id"] for run in rest["nodes"]], rest["totalCount"]) == (found[1::-1], 5)
    assert not rest["pageInfo"]["hasNextPage"]


async def test_filters_of_the_list(api: Api) -> None:
    found = await letters(api, 3)
    await letters(api, 1, error={"kind": "TIMEOUT", "message": "x", "hint": None})
    task = (await api.alice.ask("query($id: ID!) { run(id: $id) { task { id } } }", id=found[0]))["run"]["task"]["id"]
    second = (T0 + timedelta(seconds=1)).isoformat()
    for given, number in (
        ({"taskId": task}, 3), ({"host": "A.test"}, 4), ({"host": "b.test"}, 0), ({"errorKind": "TIMEOUT"}, 1),
        ({"workflow": "w"}, 0), ({"finishedAfter": second}, 2), ({"finishedBefore": second}, 2), ({}, 4),
        ({"taskId": found[0]}, 0), ({"taskId": None, "host": None, "errorKind": None, "finishedAfter": None}, 4),
    ):  # fmt: skip
        assert (await listed(api, f=given))["totalCount"] == number, given
    for given, place in (({"host": "http://x"}, "host"), ({"taskId": "x"}, "taskId"), ({"taskId": ""}, "taskId")):
        answer = await api.alice.post(LIST + PAGE, {"f": given})
        assert answer["errors"][0]["extensions"]["field"] == ["filter", place]


async def test_causes(api: Api) -> None:
    await letters(api, 3)
    await letters(api, 1, error=None, job={"kind": "polygonArea", "params": {}})
    fields = "{ errorKind host count oldest newest }"
    found = (await api.alice.ask(f"{{ deadLetterCauses {fields} }}"))["deadLetterCauses"]
    assert [(cause["errorKind"], cause["host"], cause["count"]) for cause in found] == [
        ("HTTP_STATUS", "a.test", 3),
        (None, None, 1),
    ]
    assert (found[0]["oldest"], found[0]["newest"]) == ("2026-03-01T12:00:00Z", "2026-03-01T12:00:02Z")


async def test_a_replay_from_asking_to_its_end(api: Api) -> None:
    found = await letters(api, 3)
    assert await replay(api, dryRun=True) == {"count": 3, "userErrors": [], "replay": None}
    assert await api.database.replays.count_documents({}) == 0
    answer = await replay(api, perMinute=6000, settings="ORIGINAL")
    made = answer["replay"]
    assert answer["count"] == 3
    assert made | {"id": ""} == {
        "id": "", "status": "CANARY", "canary": True, "perMinute": 6000, "settings": "ORIGINAL"
    }  # fmt: skip
    loop = Replayer(api.database, Wakeups())
    for _ in range(3):
        await loop.advance_due_replays(clock.now())
    shown = (await api.alice.ask(SHOW, id=made["id"]))["replay"]
    assert shown["counts"] == {"selected": 3, "sent": 1, "succeeded": 0, "failed": 0, "skipped": 0}
    assert shown["canaryRun"] == {"id": found[0]}
    run = await api.alice.ask(
        "query($id: ID!) { run(id: $id) { deadLetter replays { round replay { id } } } }", id=found[0]
    )
    assert run["run"] == {"deadLetter": False, "replays": [{"round": 1, "replay": {"id": made["id"]}}]}
    stopped = (await api.alice.ask(STOP, id=made["id"]))["stopReplay"]
    assert stopped["replay"]["status"] == "STOPPED"
    assert stopped["replay"]["finishedAt"]
    node = await api.alice.ask("query($id: ID!) { node(id: $id) { ... on Replay { status } } }", id=made["id"])
    assert node == {"node": {"status": "STOPPED"}}
    page = (await api.alice.ask("{ replays { totalCount nodes { id counts { sent } } } }"))["replays"]
    assert page == {"totalCount": 1, "nodes": [{"id": made["id"], "counts": {"sent": 1}}]}


async def test_a_replay_asked_for_twice_with_one_key_is_one(api: Api) -> None:
    await letters(api, 2)
    first = await replay(api, idempotencyKey="k")
    assert await replay(api, idempotencyKey="k") == first
    again = await replay(api, idempotencyKey="k", canary=False)
    assert [error["code"] for error in again["userErrors"]] == ["IDEMPOTENCY_KEY_REUSED"]


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"perMinute": 0}, ["perMinute"]),
        ({"perMinute": 6001, "dryRun": True}, ["perMinute"]),
        ({"filter": {"host": "a b"}}, ["filter", "host"]),
        ({"filter": {"taskId": "x"}}, ["filter", "taskId"]),
        ({"idempotencyKey": ""}, ["idempotencyKey"]),
    ],
)
async def test_a_wrong_replay_is_refused(api: Api, given: Doc, place: list[str]) -> None:
    answer = await replay(api, **given)
    assert [(error["code"], error["field"]) for error in answer["userErrors"]] == [("INVALID", place)]
    assert (answer["replay"], answer["count"]) == (None, None)
    assert await api.database.replays.count_documents({}) == 0


async def test_discarding(api: Api) -> None:
    found = await letters(api, 6)
    assert await discard(api, ids=found[:2]) == {"count": 2, "userErrors": []}
    assert await discard(api, ids=found[:3]) == {"count": 1, "userErrors": []}
    assert await discard(api, filter={"host": "b.test"}) == {"count": 0, "userErrors": []}
    second = (T0 + timedelta(seconds=4)).isoformat()
    assert await discard(api, filter={"finishedBefore": second}) == {"count": 1, "userErrors": []}
    assert await discard(api, all=True) == {"count": 2, "userErrors": []}
    assert (await listed(api))["totalCount"] == 0
    run = await api.alice.ask("query($id: ID!) { run(id: $id) { status deadLetter discardedAt } }", id=found[0])
    assert (run["run"]["status"], run["run"]["deadLetter"]) == ("FAILED", False)
    assert run["run"]["discardedAt"] is not None


@pytest.mark.parametrize(
    ("given", "code", "place"),
    [
        ({}, "INVALID", ["filter"]),
        ({"filter": {}}, "INVALID", ["filter"]),
        ({"filter": {"taskId": None}}, "INVALID", ["filter"]),
        ({"filter": {"taskId": ""}}, "INVALID", ["filter", "taskId"]),
        ({"filter": {"host": "a.test"}, "all": True}, "INVALID", ["all"]),
        ({"ids": [], "all": True}, "INVALID", ["ids"]),
        ({"ids": ["x"]}, "INVALID", ["ids", "0"]),
        ({"ids": [ids.encode_id("Run", "nobody/1:2")]}, "NOT_FOUND", ["ids", "0"]),
        ({"ids": [ids.encode_id("Task", "nobody/1")] * 2}, "NOT_FOUND", ["ids", "0"]),
        ({"ids": [ids.encode_id("Run", "x")] * 101}, "INVALID", ["ids"]),
    ],
)
async def test_nothing_is_discarded_by_mistake(api: Api, given: Doc, code: str, place: list[str]) -> None:
    await letters(api, 2)
    answer = await discard(api, **given)
    assert [(error["code"], error["field"]) for error in answer["userErrors"]] == [(code, place)]
    assert (await listed(api))["totalCount"] == 2
