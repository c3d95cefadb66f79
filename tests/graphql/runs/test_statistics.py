"""Statistics of runs: what is counted, for whom, of which periods, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest

from tests.commands import CommandLog, logged
from tests.graphql.conftest import T0, Api, run_document, task_document
from tests.statistics.samples import ended_run
from tocsin import clock
from tocsin.accounts.rate_limiter import RateLimiter
from tocsin.graphql import ids
from tocsin.graphql.limits.admission import BASE_COST
from tocsin.statistics.service import Statistics

STATISTICS = """query($filter: RunStatisticsFilter!, $bucket: StatisticsBucket!) {
  runStatistics(filter: $filter, bucket: $bucket) {
    buckets { from to total completed failed cancelled skipped missed durationP50Ms durationP95Ms latenessP50Ms }
    total { from to total completed failed latenessP95Ms }
  }
}"""
DOCUMENT_COST = 1 + 1 + 7 + 100 * (1 + 10)
"""Points of the document above, for a typical number of buckets."""
HOURLY = {"kind": "every", "interval_ms": 3_600_000, "start": T0, "end": None}


def count(api: Api, *runs: Any) -> None:
    """Count these ended runs."""
    api.services.statistics.meter.count_ends(runs)


async def ask(api: Api, bucket: str = "HOUR", caller: str = "alice", **filter_: Any) -> Any:
    """Return the statistics for a filter, by default of a day around T0."""
    window = filter_.pop("dueAt", {"from": "2026-03-01T11:00:00Z", "to": "2026-03-01T14:00:00Z"})
    answer = await getattr(api, caller).ask(STATISTICS, filter={"dueAt": window, **filter_}, bucket=bucket)
    return answer["runStatistics"]


def hourly_task(api: Api) -> Any:
    assert api.alice.user is not None
    return task_document(api.alice.user.id, T0, schedule=HOURLY)


async def test_all_buckets_of_the_period_are_there_with_their_numbers(api: Api) -> None:
    task = hourly_task(api)["_id"]
    statuses = ["COMPLETED", "COMPLETED", "FAILED", "CANCELLED", "SKIPPED", "MISSED"]
    runs = [ended_run(number, status, T0, task=task) for number, status in enumerate(statuses)]
    count(api, *runs, ended_run(9, due_at=T0 + timedelta(hours=1), task=task))
    found = await ask(api)
    assert [(each["from"], each["to"], each["total"]) for each in found["buckets"]] == [
        ("2026-03-01T11:00:00Z", "2026-03-01T12:00:00Z", 0),
        ("2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z", 6),
        ("2026-03-01T13:00:00Z", "2026-03-01T14:00:00Z", 1),
    ]
    empty, first, _ = found["buckets"]
    assert [first[name] for name in ("completed", "failed", "cancelled", "skipped", "missed")] == [2, 1, 1, 1, 1]
    assert [empty[name] for name in ("durationP50Ms", "durationP95Ms", "latenessP50Ms")] == [None] * 3
    assert first["durationP50Ms"] == pytest.approx(1000, rel=0.05)
    assert first["latenessP50Ms"] == pytest.approx(200, rel=0.05)
    total = found["total"]
    assert (total["from"], total["to"], total["total"]) == ("2026-03-01T11:00:00Z", "2026-03-01T14:00:00Z", 7)
    assert (total["completed"], total["failed"]) == (3, 1)
    assert total["latenessP95Ms"] == pytest.approx(200, rel=0.05)


@pytest.mark.parametrize(("bucket", "count_", "first"), [("MINUTE", 60, 1), ("FIVE_MINUTES", 12, 1), ("DAY", 1, 5)])
async def test_buckets_are_extended_to_whole_ones(api: Api, bucket: str, count_: int, first: int) -> None:
    now = clock.now().replace(minute=0, second=0, microsecond=0)
    task = hourly_task(api)["_id"]
    count(api, ended_run(1, due_at=now, task=task))
    window = {"from": (now + timedelta(seconds=10)).isoformat(), "to": (now + timedelta(minutes=59.5)).isoformat()}
    found = await ask(api, bucket, dueAt=window)
    assert len(found["buckets"]) == count_
    assert sum(each["total"] for each in found["buckets"]) == found["buckets"][0]["total"] == 1, first


async def test_a_task_a_workflow_and_a_queue(api: Api) -> None:
    task = hourly_task(api)
    owner = task["owner"]
    await api.database.tasks.insert_one(task)
    step = {"trigger": "WORKFLOW", "task_name": "nightly / fetch", "task": f"{owner}/w1"}
    count(api, ended_run(1, due_at=T0, task=task["_id"]), ended_run(2, due_at=T0, queue="slow", **step))
    task_id = ids.encode_id("Task", task["_id"])
    for filter_, expected in (
        ({}, 2), ({"taskId": task_id}, 1), ({"workflow": "nightly"}, 1), ({"queue": "slow"}, 1), ({"queue": "none"}, 0)
    ):  # fmt: skip
        assert (await ask(api, **filter_))["total"]["total"] == expected, filter_
        assert (await ask(api, caller="bob", **filter_))["total"]["total"] == 0, filter_
        assert (await ask(api, caller="carol", **filter_))["total"]["total"] == 0, filter_


async def test_the_runs_of_a_task_that_is_due_once_are_read(api: Api) -> None:
    task = task_document(hourly_task(api)["owner"], T0)
    run = ended_run(1, due_at=T0, task=task["_id"], interval_ms=None) | {"_id": run_document(task["_id"], T0)["_id"]}
    await api.database.tasks.insert_one(task | {"last_run": run["_id"]})
    await api.database.runs.insert_one(run)
    count(api, run)
    found = await ask(api, taskId=ids.encode_id("Task", task["_id"]))
    assert [each["total"] for each in found["buckets"]] == [0, 1, 0]
    assert (await ask(api, caller="bob", taskId=ids.encode_id("Task", task["_id"])))["total"]["total"] == 0
    outcomes = "query($id: ID!) { task(id: $id) { recentOutcomes { runId status dueAt durationMs } } }"
    answer = await api.alice.ask(outcomes, id=ids.encode_id("Task", task["_id"]))
    expected = {"runId": ids.encode_id("Run", run["_id"]), "status": "COMPLETED", "durationMs": 1000}
    assert answer["task"]["recentOutcomes"] == [expected | {"dueAt": "2026-03-01T12:00:00Z"}]


REFUSED: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "no start": ({"dueAt": {"to": "2026-03-01T12:00:00Z"}}, "HOUR", ["filter", "dueAt", "from"]),
    "end before start": (
        {"dueAt": {"from": "2026-03-01T12:00:00Z", "to": "2026-03-01T12:00:00Z"}}, "HOUR", ["filter", "dueAt", "to"]
    ),
    "too many": ({"dueAt": {"from": "2026-01-01T00:00:00Z", "to": "2026-03-01T12:00:00Z"}}, "HOUR", ["bucket"]),
    "old minutes": (
        {"dueAt": {"from": "2026-03-01T12:00:00Z", "to": "2026-03-01T13:00:00Z"}}, "MINUTE", ["filter", "dueAt", "from"]
    ),
    "minutes of a workflow": ({"workflow": "w"}, "FIVE_MINUTES", ["bucket"]),
    "two scopes": ({"workflow": "w", "queue": "q"}, "HOUR", ["filter"]),
    "a malformed ID": ({"taskId": "%"}, "HOUR", ["filter", "taskId"]),
    "a name that no workflow has": ({"workflow": "w" * 64}, "HOUR", ["filter", "workflow"]),
    "a name that no queue has": ({"queue": "q" * 64}, "HOUR", ["filter", "queue"]),
    "the last day there is": (
        {"dueAt": {"from": "9999-12-31T12:00:00Z", "to": "9999-12-31T13:00:00Z"}}, "DAY", ["filter", "dueAt", "to"]
    ),
    "the last hour there is": (
        {"dueAt": {"from": "9999-12-31T12:00:00Z", "to": "9999-12-31T23:59:59.999Z"}}, "HOUR", ["filter", "dueAt", "to"]
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
async def test_what_is_not_possible_is_refused_with_the_field(api: Api, case: str) -> None:
    filter_, bucket, path = REFUSED[case]
    window = {"from": "2026-03-01T12:00:00Z", "to": "2026-03-01T13:00:00Z"}
    answer = await api.alice.post(STATISTICS, {"filter": {"dueAt": window, **filter_}, "bucket": bucket})
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT", answer
    assert error["extensions"]["field"] == path


@pytest.mark.parametrize("case", [("0001-01-01T00:00:00Z", "DAY"), ("9999-12-31T21:00:00Z", "HOUR")])
async def test_nothing_happens_at_the_ends_of_time(api: Api, case: tuple[str, str]) -> None:
    start, bucket = case
    found = await ask(api, bucket, dueAt={"from": start, "to": start.replace(":00:00Z", ":00:01Z")})
    assert [each["from"] for each in found["buckets"]] == [start]


@pytest.mark.parametrize(
    ("bucket", "hours", "points"), [("MINUTE", 2, 30), ("HOUR", 24, 20), ("HOUR", 168, 80), ("DAY", 9_552, 3_990)]
)
async def test_a_longer_period_costs_more_points(api: Api, bucket: str, hours: int, points: int) -> None:
    """What is read and added up depends on the period, which the cost of the document does not know."""
    assert api.alice.user is not None
    now = clock.now().replace(minute=30)
    rates = RateLimiter(api.database, api.services.settings, lambda: now.timestamp() * 1000)  # nothing is refilled
    object.__setattr__(api.services, "rates", rates)
    before = (await rates.spend_points(api.alice.user.id, 0)).remaining
    await ask(api, bucket, dueAt={"from": (now - timedelta(hours=hours)).isoformat(), "to": now.isoformat()})
    after = (await rates.spend_points(api.alice.user.id, 0)).remaining
    assert before - after == BASE_COST + DOCUMENT_COST + points


async def test_who_has_few_points_can_still_query_the_longest_period(api: Api) -> None:
    settings = api.services.settings.model_copy(update={"cost_limit": 5_000, "max_cost": 5_000})
    object.__setattr__(api.services, "settings", settings)
    object.__setattr__(api.services, "rates", RateLimiter(api.database, settings))
    window = {"from": "2025-01-26T00:00:00Z", "to": "2026-03-02T00:00:00Z"}
    assert (await ask(api, "DAY", dueAt=window))["total"]["total"] == 0
    answer = await api.alice.post(STATISTICS, {"filter": {"dueAt": window}, "bucket": "DAY"})
    assert answer["errors"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_the_longest_period_costs_one_query(api: Api) -> None:
    log = CommandLog()
    async with logged(api.database, log) as opened:
        statistics = Statistics(opened)
        task = hourly_task(api)["_id"]
        statistics.meter.count_ends([ended_run(n, due_at=T0 - n * timedelta(days=1), task=task) for n in range(400)])
        await statistics.flush()
        log.commands.clear()
        object.__setattr__(api.services, "statistics", statistics)
        window = {"from": "2025-01-26T00:00:00Z", "to": "2026-03-02T00:00:00Z"}
        found = await ask(api, "DAY", dueAt=window)
    assert (len(found["buckets"]), found["total"]["total"]) == (400, 400)
    assert log.count("run_statistics") == {"find run_statistics": 1}


async def test_outcomes_of_a_page_of_tasks_are_one_query(api: Api) -> None:
    tasks = [hourly_task(api) for _ in range(20)]
    await api.database.tasks.insert_many(tasks)
    count(api, *(ended_run(number, due_at=T0, task=task["_id"]) for task in tasks for number in range(3)))
    log = CommandLog()
    async with logged(api.database, log) as opened:
        await api.services.statistics.flush()
        object.__setattr__(api.services.statistics, "_database", opened)
        page = await api.alice.ask("{ tasks(first: 50) { nodes { recentOutcomes { runId status } } } }")
    assert [len(node["recentOutcomes"]) for node in page["tasks"]["nodes"]] == [3] * 20
    assert log.count("run_statistics") == {"find run_statistics": 1}


async def test_a_queue_shows_its_last_hour(api: Api) -> None:
    task = hourly_task(api)["_id"]
    count(
        api, ended_run(1, due_at=clock.now(), task=task), ended_run(2, "FAILED", clock.now(), task=task, queue="slow")
    )
    query = "{ queues { name lastHour { from to total failed } } }"
    (queue,) = (await api.alice.ask(query))["queues"]
    assert len(queue["lastHour"]) in (12, 13)
    assert (queue["name"], sum(each["total"] for each in queue["lastHour"])) == ("default", 1)
    (others,) = (await api.carol.ask(query))["queues"]
    assert sum(each["total"] for each in others["lastHour"]) == 0
