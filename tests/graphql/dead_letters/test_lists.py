"""Dead letters: their pages, filters and causes."""

from datetime import timedelta

from tests.graphql.conftest import T0, Api
from tests.graphql.dead_letters.helpers import DEAD_LETTERS, add_dead_letters, list_dead_letters


async def test_pages_begin_with_the_latest(api: Api) -> None:
    found = await add_dead_letters(api, 5)
    await add_dead_letters(api, 2, status="COMPLETED")
    await add_dead_letters(api, 2, discarded_at=T0)
    first = await list_dead_letters(api, n=3)
    assert [run["id"] for run in first["nodes"]] == found[:1:-1]
    assert all(run["deadLetter"] and run["discardedAt"] is None for run in first["nodes"])
    rest = await list_dead_letters(api, n=3, a=first["pageInfo"]["endCursor"])
    assert ([run["id"] for run in rest["nodes"]], rest["totalCount"]) == (found[1::-1], 5)
    assert not rest["pageInfo"]["hasNextPage"]


async def test_filters_of_the_list(api: Api) -> None:
    found = await add_dead_letters(api, 3)
    await add_dead_letters(api, 1, error={"kind": "TIMEOUT", "message": "x", "hint": None})
    task = (await api.alice.ask("query($id: ID!) { run(id: $id) { task { id } } }", id=found[0]))["run"]["task"]["id"]
    second = (T0 + timedelta(seconds=1)).isoformat()
    for given, number in (
        ({"taskId": task}, 3), ({"host": "A.test"}, 4), ({"host": "b.test"}, 0), ({"errorKind": "TIMEOUT"}, 1),
        ({"workflow": "w"}, 0), ({"finishedAfter": second}, 2), ({"finishedBefore": second}, 2), ({}, 4),
        ({"taskId": found[0]}, 0), ({"taskId": None, "host": None, "errorKind": None, "finishedAfter": None}, 4),
    ):  # fmt: skip
        assert (await list_dead_letters(api, f=given))["totalCount"] == number, given
    for given, place in (({"host": "http://x"}, "host"), ({"taskId": "x"}, "taskId"), ({"taskId": ""}, "taskId")):
        answer = await api.alice.post(DEAD_LETTERS, {"f": given})
        assert answer["errors"][0]["extensions"]["field"] == ["filter", place]


async def test_causes(api: Api) -> None:
    await add_dead_letters(api, 3)
    await add_dead_letters(api, 1, error=None, job={"kind": "polygonArea", "params": {}})
    fields = "{ errorKind host count oldest newest }"
    found = (await api.alice.ask(f"{{ deadLetterCauses {fields} }}"))["deadLetterCauses"]
    assert [(cause["errorKind"], cause["host"], cause["count"]) for cause in found] == [
        ("HTTP_STATUS", "a.test", 3),
        (None, None, 1),
    ]
    assert (found[0]["oldest"], found[0]["newest"]) == ("2026-03-01T12:00:00Z", "2026-03-01T12:00:02Z")
