# ruff: noqa: E501  # tables read best in rows
"""Pagination: every row exactly once, in both directions, with ties and concurrent changes; and invalid arguments."""

import random
from datetime import timedelta
from typing import Any

import pytest

from tests.graphql.conftest import T0, Api, run_document, task_document
from tocsin.documents import paging
from tocsin.graphql import ids

PAGE = "nodes { id } edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount"
ARGS = "$o: {0}Order, $f: {0}Filter, $first: Int, $after: String, $last: Int, $before: String"
USE = "orderBy: $o, filter: $f, first: $first, after: $after, last: $last, before: $before"
TASKS = f"query({ARGS.format('Task')}) {{ list: tasks({USE}) {{ {PAGE} }} }}"
RUNS = f"query({ARGS.format('Run')}) {{ list: runs({USE}) {{ {PAGE} }} }}"


async def _walk(api: Api, query: str, size: int, *, forward: bool, between: Any = None, **more: Any) -> list[str]:
    """Return the IDs of all pages in list order."""
    found: list[str] = []
    cursor = None
    while True:
        window = {"first": size, "after": cursor} if forward else {"last": size, "before": cursor}
        page = (await api.alice.ask(query, **window, **more))["list"]
        here = [edge["node"]["id"] for edge in page["edges"]]
        assert here == [node["id"] for node in page["nodes"]]
        found = found + here if forward else here + found
        if not page["pageInfo"]["hasNextPage" if forward else "hasPreviousPage"]:
            return found
        assert len(here) == size
        cursor = page["pageInfo"]["endCursor" if forward else "startCursor"]
        if between is not None:
            await between()


def _rows(api: Api, count: int, chance: random.Random) -> tuple[list[Any], list[Any]]:
    """Create tasks over four years with many ties, and a run of each."""
    assert api.alice.user is not None
    spans = [timedelta(0), timedelta(seconds=1), timedelta(hours=3), timedelta(days=40), timedelta(days=1500)]
    tasks = [task_document(api.alice.user.id, T0 + chance.choice(spans) * chance.randint(0, 2)) for _ in range(count)]
    runs = [run_document(task["_id"], task["created_at"]) for task in tasks]
    return tasks, runs


async def _insert(api: Api, count: int, chance: random.Random) -> tuple[list[Any], list[Any]]:
    tasks, runs = _rows(api, count, chance)
    await api.database.tasks.insert_many(tasks)
    await api.database.runs.insert_many(runs)
    return tasks, runs


def _sorted(kind: str, rows: list[Any], key: str, *, descending: bool) -> list[str]:
    rows = sorted(rows, key=lambda row: (row[key], row["_id"]), reverse=descending)
    return [ids.encode_id(kind, row["_id"]) for row in rows]


@pytest.mark.parametrize(("seed", "direction"), [(1, "ASC"), (2, "DESC")])
async def test_pages_walk_every_row_once_in_order(api: Api, seed: int, direction: str) -> None:
    chance = random.Random(seed)
    tasks, runs = await _insert(api, 40, chance)
    lists = [(TASKS, "Task", tasks, "created_at"), (RUNS, "Run", runs, "created_at"), (RUNS, "Run", runs, "due_at")]
    for query, kind, rows, key in lists:
        expected = _sorted(kind, rows, key, descending=direction == "DESC")
        order = {"field": key.upper(), "direction": direction}
        for forward in (True, False):
            assert await _walk(api, query, chance.randint(1, 17), forward=forward, o=order) == expected


@pytest.mark.parametrize("forward", [True, False])
async def test_pages_walk_every_row_once_while_rows_come_and_go(api: Api, forward: bool) -> None:
    chance = random.Random(7)
    _, runs = await _insert(api, 60, chance)
    staying, going = runs[:40], runs[40:]

    async def stir() -> None:
        await _insert(api, 2, chance)
        if going:
            await api.database.runs.delete_one({"_id": going.pop()["_id"]})

    found = await _walk(api, RUNS, 7, forward=forward, between=stir, o={"field": "CREATED_AT"})
    assert len(found) == len(set(found))
    assert {ids.encode_id("Run", run["_id"]) for run in staying} <= set(found)


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_tasks_that_are_not_due_come_last(api: Api, direction: str) -> None:
    tasks, _ = _rows(api, 30, random.Random(1))
    for task in tasks[::3]:
        task["next_run_at"] = None
    await api.database.tasks.insert_many(tasks)
    due = _sorted(
        "Task", [task for task in tasks if task["next_run_at"]], "next_run_at", descending=direction == "DESC"
    )
    rest = _sorted("Task", tasks[::3], "created_at", descending=direction == "DESC")
    expected = due + rest
    for forward in (True, False):
        order = {"field": "NEXT_RUN_AT", "direction": direction}
        assert await _walk(api, TASKS, 4, forward=forward, o=order) == expected


async def test_between_two_cursors(api: Api) -> None:
    await _insert(api, 12, random.Random(2))
    edges = (await api.alice.ask(RUNS))["list"]["edges"]
    page = (await api.alice.ask(RUNS, after=edges[2]["cursor"], before=edges[8]["cursor"]))["list"]
    assert page["edges"] == edges[3:8]
    assert page["totalCount"] == 12
    assert (await api.alice.ask(RUNS, after=edges[8]["cursor"], before=edges[2]["cursor"]))["list"]["edges"] == []


async def test_a_search_that_finds_nothing_goes_on_by_cursors(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MAX_FILTERED", 10)
    await _insert(api, 60, random.Random(3))
    query = TASKS.replace("totalCount", "totalCount totalCountIsExact")
    page = (await api.alice.ask(query, f={"name": "no such name"}))["list"]
    assert (page["nodes"], page["totalCount"], page["totalCountIsExact"]) == ([], 0, False)
    pages = 1
    while page["pageInfo"]["hasNextPage"]:
        page = (await api.alice.ask(query, f={"name": "no such name"}, after=page["pageInfo"]["endCursor"]))["list"]
        pages += 1
    assert (page["nodes"], page["pageInfo"]["endCursor"]) == ([], None)
    assert pages > 2
    everything = (await api.alice.ask(query))["list"]
    assert (everything["totalCount"], everything["totalCountIsExact"]) == (60, True)


async def test_an_empty_list(api: Api) -> None:
    page = (await api.alice.ask(TASKS))["list"]
    info = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    assert page == {"nodes": [], "edges": [], "pageInfo": info, "totalCount": 0}


WRONG: list[tuple[dict[str, Any], str, list[str]]] = [
    ({"first": 0}, "first must be 1 to 100; it is 0.", ["first"]),
    ({"first": 101}, "first must be 1 to 100; it is 101.", ["first"]),
    ({"last": -1}, "last must be 1 to 100; it is -1.", ["last"]),
    ({"first": 1, "last": 1}, "Set first or last, not both.", ["last"]),
    ({"after": "x"}, "This is not a cursor of this list. Use a cursor from its pageInfo or edges, with the same orderBy.", ["after"]),
    ({"after": "ZHVlX2F0OtmhOmE="}, "This is not a cursor of this list. Use a cursor from its pageInfo or edges, with the same orderBy.", ["after"]),
    ({"before": "cnVuX2R1ZV9hdDo5OTk5OTk5OTk5OTk5OTk5OmE="}, "This is not a cursor of this list. Use a cursor from its pageInfo or edges, with the same orderBy.", ["before"]),
]  # fmt: skip


async def test_wrong_pages(api: Api) -> None:
    for arguments, message, field in WRONG:
        for query in (TASKS, RUNS):
            error = (await api.alice.post(query, arguments))["errors"][0]
            assert (error["message"], error["extensions"]) == (message, {"code": "BAD_USER_INPUT", "field": field})


async def test_a_cursor_of_another_order_is_refused(api: Api) -> None:
    await _insert(api, 2, random.Random(4))
    cursor = (await api.alice.ask(RUNS))["list"]["edges"][0]["cursor"]
    answer = await api.alice.post(RUNS, {"after": cursor, "o": {"field": "CREATED_AT"}})
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_cursors_are_made_only_for_edges(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def encode(_query: object, row: Any) -> str:
        made.append(row["_id"])
        return "cursor"

    monkeypatch.setattr("tocsin.graphql.connections.encode_cursor", encode)
    assert api.alice.user is not None
    await api.database.tasks.insert_one(task_document(api.alice.user.id, T0))
    assert len((await api.alice.ask("{ tasks { nodes { id } pageInfo { endCursor } } }"))["tasks"]["nodes"]) == 1
    assert made == []
    await api.alice.ask("{ tasks { edges { cursor } } }")
    assert len(made) == 1
