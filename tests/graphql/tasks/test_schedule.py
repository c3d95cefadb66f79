"""Schedules sent again with updateTask, as by a client that always saves its whole configuration."""

from datetime import timedelta
from typing import Any

import pytest

from tests.graphql.conftest import Api
from tocsin import clock, schedules
from tocsin.graphql import ids
from tocsin.schedules.iso8601 import format_datetime

HOUR = timedelta(hours=1)


async def _update(api: Api, task: str, **given: Any) -> Any:
    payload = await api.alice.do("updateTask", {"id": task, **given}, "userErrors { field code message }")
    assert payload["userErrors"] == []
    return await _stored(api, task)


async def _stored(api: Api, task: str) -> Any:
    found = await api.database.tasks.find_one({"_id": ids.require_id("Task", task, "id")})
    assert found is not None
    return found


async def _passed(api: Api, task: str, ago: timedelta = HOUR) -> Any:
    """Backdate the save of the task by this time, and return the task."""
    before = await _stored(api, task)
    due = before["schedule"]["start"] - ago
    await api.database.tasks.update_one({"_id": before["_id"]}, {"$set": {"schedule.start": due, "next_run_at": due}})
    return await _stored(api, task)


@pytest.mark.parametrize(
    "given",
    [
        {"name": "other"},
        {"schedule": {"every": {"interval": "PT1H"}}},
        {"schedule": {"every": {"interval": "PT60M", "start": None}}},
        {"schedule": {"every": {"interval": "PT1H"}}, "timeout": "PT3S"},
        {"schedule": {"every": {"interval": "PT1H", "end": "2127-01-01T00:00:00Z"}}},
    ],
)
async def test_what_is_saved_more_often_than_it_is_due_keeps_its_phase(api: Api, given: dict[str, Any]) -> None:
    task = await api.alice.create()
    before = await _passed(api, task, HOUR / 2)
    for _ in range(3):
        after = await _update(api, task, **given)
        assert (after["next_run_at"], after["schedule"]["start"]) == (
            before["next_run_at"],
            before["schedule"]["start"],
        )


async def test_another_interval_begins_anew(api: Api) -> None:
    task, before = await api.alice.create(), clock.now()
    after = await _update(api, task, schedule={"every": {"interval": "PT2H"}})
    assert before + 2 * HOUR <= after["next_run_at"] <= clock.now() + 2 * HOUR


async def test_a_due_time_that_is_overdue_stands_when_the_schedule_is_sent_again_or_replaced(api: Api) -> None:
    for schedule in (
        {"every": {"interval": "PT1H"}},
        {"every": {"interval": "PT5M"}},
        {"cron": {"expression": "@daily"}},
    ):
        task = await api.alice.create()
        before = await _passed(api, task, 3 * HOUR)
        after = await _update(api, task, schedule=schedule)
        assert after["next_run_at"] == before["next_run_at"]
        plan = schedules.plan_due_times(
            schedules.schedule_from_document(after["schedule"]), after["next_run_at"], clock.now(), schedules.Misfire()
        )
        assert plan.missed is not None
        assert len(plan.runs) + plan.missed.count == 3


async def _ran(api: Api, task: str) -> Any:
    """Return the one-off task after its run."""
    stored = await _stored(api, task)
    done = {"next_run_at": None, "last_due_at": stored["next_run_at"]}
    await api.database.tasks.update_one({"_id": stored["_id"]}, {"$set": done})
    return await _stored(api, task)


@pytest.mark.parametrize("kind", ["now", "at", "past"])
async def test_a_single_run_saved_again_does_not_run_again(api: Api, kind: str) -> None:
    past = format_datetime(clock.now() - HOUR)
    kinds: dict[str, dict[str, Any]] = {
        "now": {"schedule": {"now": True}},
        "at": {"schedule": {"at": format_datetime(clock.now() + HOUR)}},
        "past": {"schedule": {"at": past}, "ifPast": "RUN_NOW"},
    }
    given = kinds[kind]
    task = await api.alice.create(**given)
    before = await _ran(api, task)
    if kind == "at":  # which has passed since
        at = clock.now() - HOUR
        times = {"schedule.at": at, "last_due_at": at}
        await api.database.tasks.update_one({"_id": before["_id"]}, {"$set": times})
        given, before = {"schedule": {"at": format_datetime(at)}}, await _stored(api, task)
    for _ in range(2):
        after = await _update(api, task, **given)
        assert (after["next_run_at"], after["schedule"]) == (None, before["schedule"])


async def test_another_single_run_is_one_more(api: Api) -> None:
    task = await api.alice.create(schedule={"at": format_datetime(clock.now() + HOUR)})
    ran = await _ran(api, task)
    await api.database.tasks.update_one({"_id": ran["_id"]}, {"$set": {"last_due_at": clock.now() - HOUR}})
    assert (await _update(api, task, schedule={"now": True}))["next_run_at"] is not None
    await _ran(api, task)
    later = clock.now() + 3 * HOUR
    assert (await _update(api, task, schedule={"at": format_datetime(later)}))["next_run_at"] == later


async def test_a_cancelled_single_due_time_can_be_set_again(api: Api) -> None:
    task = await api.alice.create(schedule={"now": True})
    await api.alice.do("cancelTask", {"id": task})
    assert (await _update(api, task, schedule={"now": True}))["next_run_at"] is not None


async def test_a_stale_version_moves_nothing(api: Api) -> None:
    task = await api.alice.create()
    before = await _update(api, task, name="b")
    given = {"id": task, "expectedVersion": 1, "schedule": {"every": {"interval": "PT5M"}}}
    payload = await api.alice.do("updateTask", given)
    assert [error["code"] for error in payload["userErrors"]] == ["CONFLICT"]
    assert await _stored(api, task) == before


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ({"at": "2126-11-29T10:00:00"}, 'The offset is missing: write "2126-11-29T10:00:00Z" for UTC'),
        ({"every": {"interval": "PT1H", "end": "2126-11-29"}}, "The time of day and the offset are missing"),
        ({"every": {"interval": "PT\u0661M"}}, "is not an ISO 8601 duration"),
        ({"every": {"interval": "P9999999D"}}, "is too long: at most P999999D"),
    ],
)
async def test_the_error_for_a_wrong_time_or_duration_shows_a_valid_one(
    api: Api, schedule: dict[str, Any], said: str
) -> None:
    query = "query($s: ScheduleInput!) { schedulePreview(schedule: $s, count: 1) }"
    headers = {"Authorization": f"Bearer {api.alice.token}"}
    body = {"query": query, "variables": {"s": schedule}}
    answer = (await api.alice.http.post("/graphql", json=body, headers=headers)).json()
    (error,) = answer["errors"]
    assert said in error["message"]
    assert error["extensions"]["code"] != "INTERNAL"
