"""Tasks as the API shows them."""

from datetime import timedelta
from typing import Any

from tests.graphql.conftest import HTTP_JOB, T0, Api, stored_task, task_document
from tocsin import clock
from tocsin.graphql import ids

ERRORS = "userErrors { field code message }"


async def test_a_paused_task_says_why(api: Api) -> None:
    task = await api.alice.create()
    query = "query($id: ID!) { task(id: $id) { status pauseReason } }"
    failed = {"run": f"{task}:1", "failures": 3, "at": clock.now(), "is_told": True}
    cases: list[tuple[dict[str, Any], str | None]] = [
        ({"hold": None, "status": "PENDING"}, None),
        ({"hold": "PAUSED", "status": "PAUSED"}, "REQUESTED"),
        ({"pause_reason": "UNREADABLE"}, "UNREADABLE"),
        ({"pause_reason": "CONSECUTIVE_FAILURES", "self_pause": failed, "consecutive_failures": 3},
         "CONSECUTIVE_FAILURES"),
    ]  # fmt: skip
    for changes, reason in cases:
        await api.database.tasks.update_one({}, {"$set": changes})
        assert (await api.alice.ask(query, id=task))["task"]["pauseReason"] == reason
    fields = f"task {{ status pauseReason consecutiveFailures }} {ERRORS}"
    resumed = await api.alice.do("resumeTask", {"id": task}, fields)
    assert resumed == {"task": {"status": "PENDING", "pauseReason": None, "consecutiveFailures": 0}, "userErrors": []}
    paused = await api.alice.do("pauseTask", {"id": task}, fields)
    assert (paused["task"]["status"], paused["task"]["pauseReason"]) == ("PAUSED", "REQUESTED")


async def test_defaults_in_effect_are_shown(api: Api) -> None:
    task = await api.alice.create(retry={"backoff": {"initial": "PT1S"}})
    query = """query($id: ID!) { task(id: $id) { timeout overlap misfire { policy grace maxRuns }
      retry { maxRetries offsets statuses backoff { initial factor max jitter } } } }"""
    assert (await api.alice.ask(query, id=task))["task"] == {
        "timeout": "PT10S",
        "overlap": "SKIP",
        "misfire": {"policy": "RUN_ONCE", "grace": "PT1M", "maxRuns": 100},
        "retry": {
            "maxRetries": 3, "offsets": [], "statuses": None,
            "backoff": {"initial": "PT1S", "factor": 2.0, "max": "P1D", "jitter": 0.0},
        },
    }  # fmt: skip
    retry = (
        "query($id: ID!) { task(id: $id) { retry { maxRetries offsets statuses backoff { initial factor max jitter } } "
        "} }"
    )
    hourly = {"initial": "PT10S", "factor": 10.0, "max": "PT30M", "jitter": 0.2}
    cases: list[tuple[dict[str, Any], int, list[int] | None]] = [
        ({}, 3, None),
        ({"retry": {"maxRetries": 2, "statuses": [503]}}, 2, [503]),
    ]
    for given, most, statuses in cases:
        other = await api.alice.create(**given)
        assert (await api.alice.ask(retry, id=other))["task"]["retry"] == {
            "maxRetries": most, "offsets": [], "statuses": statuses, "backoff": hourly
        }  # fmt: skip
    short = await api.alice.create(schedule={"cron": {"expression": "*/15 * * * * *"}})
    assert (await api.alice.ask(retry, id=short))["task"]["retry"]["backoff"] == {
        "initial": "PT1.25S", "factor": 1.79, "max": "PT7.5S", "jitter": 0.2
    }  # fmt: skip


async def test_a_late_task_explains_its_delay(api: Api) -> None:
    given = {"name": "late", "job": HTTP_JOB, "schedule": {"every": {"interval": "PT1H"}}}
    await api.alice.do("createTask", given, f"task {{ id }} {ERRORS}")
    stored = await stored_task(api)
    (ahead,) = (await api.alice.ask("{ tasks { nodes { waitingText } } }"))["tasks"]["nodes"]
    late = {"next_run_at": clock.now() - timedelta(seconds=9)}
    await api.database.tasks.update_one({"_id": stored["_id"]}, {"$set": late})
    (waits,) = (await api.alice.ask("{ tasks { nodes { waitingText } } }"))["tasks"]["nodes"]
    assert ahead["waitingText"] is None
    assert "is waiting for its turn" in waits["waitingText"]


async def test_the_next_due_times_begin_with_the_next_one(api: Api) -> None:
    assert api.alice.user is not None
    every = {"kind": "every", "interval_ms": 60_000, "start": T0, "end": T0 + timedelta(minutes=2)}
    task = task_document(api.alice.user.id, T0, schedule=every, next_run_at=T0 + timedelta(minutes=1))
    paused = task_document(api.alice.user.id, T0, schedule=every, next_run_at=None, hold="PAUSED")
    await api.database.tasks.insert_many([task, paused])
    query = "query($id: ID!, $count: Int! = 5) { task(id: $id) { nextDueTimes(count: $count) } }"
    found = await api.alice.ask(query, id=ids.encode_id("Task", task["_id"]))
    assert found["task"]["nextDueTimes"] == ["2026-03-01T12:01:00Z", "2026-03-01T12:02:00Z"]
    one = await api.alice.ask(query, id=ids.encode_id("Task", task["_id"]), count=1)
    assert one["task"]["nextDueTimes"] == ["2026-03-01T12:01:00Z"]
    none = await api.alice.ask(query, id=ids.encode_id("Task", paused["_id"]))
    assert none["task"]["nextDueTimes"] == []
    refused = await api.alice.post(query, {"id": ids.encode_id("Task", task["_id"]), "count": 101})
    assert refused["errors"][0]["extensions"]["field"] == ["count"]
