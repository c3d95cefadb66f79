"""Dead letters over HTTP: replays, discarding, and invalid input."""

from datetime import timedelta
from typing import Any

import pytest

from tests.graphql.conftest import T0, Api
from tests.graphql.dead_letters.helpers import add_dead_letters, list_dead_letters
from tocsin import clock
from tocsin.graphql import ids
from tocsin.maintenance.replayer import Replayer
from tocsin.wakeups import Wakeups

REPLAY = "mutation($i: ReplayDeadLettersInput!) { replayDeadLetters(input: $i) "
REPLAYED = "{ count userErrors { field code message } replay { id status canary perMinute settings } } }"
DISCARD = "mutation($i: DiscardDeadLettersInput!) { discardDeadLetters(input: $i) { count userErrors { field code } } }"
STOP = "mutation($id: ID!) { stopReplay(input: {id: $id}) { replay { status finishedAt } userErrors { code } } }"
SHOW = """query($id: ID!) { replay(id: $id) { status reason finishedAt canaryRun { id } skips { reason count }
  counts { selected sent succeeded failed skipped } } }"""


async def replay(api: Api, **given: Any) -> Any:
    return (await api.alice.ask(REPLAY + REPLAYED, i=given))["replayDeadLetters"]


async def discard(api: Api, **given: Any) -> Any:
    return (await api.alice.ask(DISCARD, i=given))["discardDeadLetters"]


async def test_a_replay_from_asking_to_its_end(api: Api) -> None:
    found = await add_dead_letters(api, 3)
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
    await add_dead_letters(api, 2)
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
async def test_a_wrong_replay_is_refused(api: Api, given: Any, place: list[str]) -> None:
    answer = await replay(api, **given)
    assert [(error["code"], error["field"]) for error in answer["userErrors"]] == [("INVALID", place)]
    assert (answer["replay"], answer["count"]) == (None, None)
    assert await api.database.replays.count_documents({}) == 0


async def test_discarding(api: Api) -> None:
    found = await add_dead_letters(api, 6)
    assert await discard(api, ids=found[:2]) == {"count": 2, "userErrors": []}
    assert await discard(api, ids=found[:3]) == {"count": 1, "userErrors": []}
    assert await discard(api, filter={"host": "b.test"}) == {"count": 0, "userErrors": []}
    second = (T0 + timedelta(seconds=4)).isoformat()
    assert await discard(api, filter={"finishedBefore": second}) == {"count": 1, "userErrors": []}
    assert await discard(api, all=True) == {"count": 2, "userErrors": []}
    assert (await list_dead_letters(api))["totalCount"] == 0
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
async def test_nothing_is_discarded_by_mistake(api: Api, given: Any, code: str, place: list[str]) -> None:
    await add_dead_letters(api, 2)
    answer = await discard(api, **given)
    assert [(error["code"], error["field"]) for error in answer["userErrors"]] == [(code, place)]
    assert (await list_dead_letters(api))["totalCount"] == 2
