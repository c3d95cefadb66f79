"""Queues over the API: visible counts, changes by administrators, and settings that tasks inherit."""

from typing import Any

from tests.graphql.conftest import HTTP_JOB, Api

_UPDATE = """mutation($i: UpdateQueueInput!) { updateQueue(input: $i) {
  queue { name concurrency ratePerMinute priority paused description } userErrors { field code message } } }"""
_COUNTS = "{ queues { name depth running oldestQueuedAt } }"


async def _update(api: Api, **given: Any) -> Any:
    return (await api.carol.ask(_UPDATE, i=given))["updateQueue"]


async def test_an_administrator_makes_changes_and_resets_a_queue(api: Api) -> None:
    made = await _update(api, name="fast", concurrency=4, ratePerMinute=60, priority=3, description="for calls")
    shown = {"name": "fast", "concurrency": 4, "ratePerMinute": 60, "priority": 3, "paused": False}
    assert made == {"queue": {**shown, "description": "for calls"}, "userErrors": []}
    changed = await _update(api, name="fast", ratePerMinute=None)
    assert changed["queue"] == {**shown, "ratePerMinute": None, "description": "for calls"}
    paused = await api.carol.ask('mutation { pauseQueue(input: {name: "fast"}) { queue { paused } } }')
    assert paused["pauseQueue"]["queue"]["paused"]
    entries = (await api.carol.ask("{ auditLog(first: 9) { nodes { action detail } } }"))["auditLog"]["nodes"]
    assert next(entry["detail"] for entry in entries if entry["action"] == "QUEUE_CHANGED") == "queue fast: paused True"


async def test_wrong_settings_are_named(api: Api) -> None:
    for given, field in (
        ({"name": "Fast"}, "name"),
        ({"name": "fast", "concurrency": 0}, "concurrency"),
        ({"name": "fast", "ratePerMinute": 0}, "ratePerMinute"),
        ({"name": "fast", "priority": 11}, "priority"),
        ({"name": "fast", "description": "x" * 501}, "description"),
    ):
        answer = await _update(api, **given)
        assert (answer["queue"], [error["field"] for error in answer["userErrors"]]) == (None, [[field]]), given
    assert [queue["name"] for queue in (await api.alice.ask(_COUNTS))["queues"]] == ["default"]


async def test_a_task_takes_the_priority_of_its_queue_and_keeps_its_own(api: Api) -> None:
    await _update(api, name="fast", priority=3)
    fields = "task { id queue priority } userErrors { field message }"
    task = {"name": "t", "job": HTTP_JOB, "schedule": {"every": {"interval": "PT1H"}}, "queue": "fast"}
    made = await api.alice.do("createTask", task, fields)
    assert (made["task"]["queue"], made["task"]["priority"]) == ("fast", 3)
    moved = await api.alice.do("updateTask", {"id": made["task"]["id"], "queue": None, "priority": -4}, fields)
    assert (moved["task"]["queue"], moved["task"]["priority"]) == ("default", -4)
    for wrong, field in (({"queue": "none"}, "queue"), ({"priority": 11}, "priority")):
        refused = await api.alice.do("createTask", {**task, **wrong}, fields)
        assert [error["field"] for error in refused["userErrors"]] == [[field]]
