"""Log lines of tasks and runs, with the IDs of the API."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import structlog

from tests.harness import Stack, TargetServer, save_task, wait_until
from tocsin import clock, schedules, telemetry
from tocsin.documents import from_global_id, to_global_id
from tocsin.tasks import activity_log, lifecycle, saving
from tocsin.tasks import runs as task_runs
from tocsin.tasks.retry_policy import RetryPolicy

Line = dict[str, Any]


class Log:
    """The lines that a server with this log level writes as JSON."""

    def __init__(self, text: io.StringIO) -> None:
        self._text = text

    def of(self, field: str, global_id: str) -> list[Line]:
        lines = [json.loads(line) for line in self._text.getvalue().splitlines()]
        return [line for line in lines if line.get(field) == global_id]

    async def of_run(self, run_id: str, count: int) -> list[Line]:
        """Wait for so many lines about a run: an outcome is logged after it is stored."""

        async def found() -> list[Line] | None:
            lines = self.of("run_id", to_global_id("Run", run_id))
            return lines if len(lines) >= count else None

        lines: list[Line] = await wait_until(found)
        return lines


@pytest.fixture(params=["INFO"])
def log(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    before, handlers, level = structlog.get_config(), logging.root.handlers, logging.root.level
    text = io.StringIO()
    monkeypatch.setattr("sys.stderr", text)
    telemetry.configure_logging(request.param, "json")
    yield Log(text)
    structlog.configure(**before)
    logging.root.handlers = handlers
    logging.root.setLevel(level)


def shown(lines: list[Line], *fields: str) -> list[tuple[Any, ...]]:
    return [tuple(line.get(field) for field in ("event", *fields)) for line in lines]


async def test_a_failing_run_is_logged_attempt_by_attempt(stack: Stack, target: TargetServer, log: Log) -> None:
    target.script = [500, 404]
    policy = RetryPolicy(1, (timedelta(milliseconds=20),))
    task = await save_task(stack.database, target.url, retry=policy)
    stack.scheduler.expect_due(task.next_run_at)
    (run,) = await stack.wait_for_runs(task.id, "FAILED")
    lines = await log.of_run(run["_id"], 2)
    assert shown(lines, "attempt", "status_code", "error", "reason") == [
        ("attempt failed", 1, 500, "HTTP_STATUS", None),
        ("run failed", 2, 404, "HTTP_STATUS", "RETRIES_USED_UP"),
    ]
    assert lines[0]["retry_at"] > lines[0]["timestamp"][:10]
    assert {line["level"] for line in lines} == {"info"}
    assert {from_global_id("Task", line["task_id"]) for line in lines} == {task.id}


async def test_successful_runs_are_not_logged(stack: Stack, target: TargetServer, log: Log) -> None:
    task = await save_task(stack.database, target.url)
    stack.scheduler.expect_due(task.next_run_at)
    (run,) = await stack.wait_for_runs(task.id, "COMPLETED")
    assert log.of("run_id", to_global_id("Run", run["_id"])) == []


@pytest.mark.parametrize("log", ["DEBUG"], indirect=True)
async def test_successful_runs_are_logged_at_debug(stack: Stack, target: TargetServer, log: Log) -> None:
    task = await save_task(stack.database, target.url)
    stack.scheduler.expect_due(task.next_run_at)
    (run,) = await stack.wait_for_runs(task.id, "COMPLETED")
    lines = await log.of_run(run["_id"], 2)
    assert shown(lines, "level") == [("run made", "debug"), ("run completed", "debug")]


async def test_a_run_that_recovers_is_logged(stack: Stack, target: TargetServer, log: Log) -> None:
    target.script = [500]
    task = await save_task(stack.database, target.url)
    stack.scheduler.expect_due(task.next_run_at)
    (run,) = await stack.wait_for_runs(task.id, "COMPLETED")
    events = [event for (event,) in shown(await log.of_run(run["_id"], 2))]
    assert events == ["attempt failed", "run completed"]


async def test_what_an_owner_does_is_logged(stack: Stack, target: TargetServer, log: Log) -> None:
    later = schedules.Once(clock.now() + timedelta(hours=1))
    task = await save_task(stack.database, target.url, later)
    database, now = stack.database, clock.now()
    await saving.update_task(database, "alice", task.id, {"name": "another name"}, now)
    await lifecycle.pause_task(database, "alice", task.id, now)
    await lifecycle.pause_task(database, "alice", task.id, now)  # changes nothing
    await lifecycle.resume_task(database, "alice", task.id, now)
    run = await task_runs.run_task_now(database, "alice", task.id, now, None)
    await lifecycle.cancel_task(database, "alice", task.id, now)
    await lifecycle.delete_task(database, "alice", task.id, now)
    lines = log.of("task_id", to_global_id("Task", task.id))
    changes = [line for line in lines if "user_id" in line]
    assert [line["event"] for line in changes] == [
        "task created", "task changed", "task paused", "task resumed", "task cancelled", "task deleted",
    ]  # fmt: skip
    assert {line["user_id"] for line in changes} == {to_global_id("User", "alice")}
    assert changes[1]["fields"] == ["name"]
    assert shown(log.of("run_id", to_global_id("Run", run.id)))[0] == ("run requested",)


def test_few_of_many_runs_that_are_skipped_together_are_logged(log: Log) -> None:
    """Many due times at once must not produce as many lines."""
    due, owners = clock.now(), ["mallory"] * 300 + ["alice"]
    skipped = {"status": "SKIPPED", "reason": "OVERLAP", "due_at": due}
    runs: list[Any] = [{"_id": f"{owner}/t:{number}", "owner": owner, **skipped} for number, owner in enumerate(owners)]
    activity_log.log_new_runs(runs)
    (rest,) = log.of("user_id", to_global_id("User", "mallory"))
    assert (rest["event"], rest["runs"]) == ("more runs skipped or missed", 300 - activity_log.MAX_LINES_PER_OWNER)
    assert len(log.of("task_id", to_global_id("Task", "mallory/t"))) == activity_log.MAX_LINES_PER_OWNER
    assert len(log.of("task_id", to_global_id("Task", "alice/t"))) == 1
