"""Runs executed for real: concurrency, retries, cancellation, pauses, and their mails."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.execution.helpers import mails
from tests.harness import SECRETS, UNUSED, Stack, TargetServer, http_job, run_stack, save_task, serve_target, wait_until
from tocsin import clock, schedules
from tocsin.documents import Database, ErrorKind
from tocsin.jobs import registry
from tocsin.jobs.base import AttemptError, Outcome
from tocsin.notifications.content import format_time
from tocsin.security.secret_box import OPERATOR_KEY_ID, SecretBox
from tocsin.tasks import lifecycle, saving
from tocsin.tasks import runs as task_runs
from tocsin.tasks.retry_policy import RetryPolicy

NOW = (timedelta(0),)
LONG = (timedelta(hours=1),)
FAILURE = AttemptError(ErrorKind.JOB, "failed", retryable=True)


async def running(stack: Stack, target: TargetServer, task_id: str) -> Any:
    """Return the task's only run once its request has reached the target."""
    (run,) = await stack.wait_for_runs(task_id, "RUNNING")

    async def called() -> bool:
        return run["_id"] in target.run_ids()

    await wait_until(called)
    return run


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_no_more_requests_at_once_than_allowed(database: Database, concurrency: int) -> None:
    async with serve_target() as target, run_stack(database, max_concurrency=concurrency) as stack:
        tasks = [await save_task(database, f"{target.url}/wait") for _ in range(8)]

        async def reached() -> bool:
            return len(target.calls) == concurrency

        await wait_until(reached)
        await wait_until(lambda: _all_fired(stack, 8))
        assert len(target.calls) == concurrency
        target.release.set()
        for task in tasks:
            await stack.wait_for_runs(task.id, "COMPLETED")
        assert sorted(target.run_ids()) == sorted(set(target.run_ids()))
        assert len(target.calls) == 8


async def _all_fired(stack: Stack, count: int) -> bool:
    return await stack.database.runs.count_documents({}) == count


async def test_an_immediate_retry_keeps_every_run_in_flight_and_frees_every_place(database: Database) -> None:
    async with serve_target() as target, run_stack(database, max_concurrency=3) as stack:
        target.script = [500] * 40
        policy = RetryPolicy(3, NOW)
        tasks = [await save_task(database, target.url, retry=policy) for _ in range(10)]
        for task in tasks:
            await stack.wait_for_runs(task.id, "FAILED")
        assert len(target.calls) == 40

        async def acknowledged() -> bool:
            return not stack.engine.in_flight.runs

        await wait_until(acknowledged)
        await wait_until(lambda: _empty(stack))


async def _empty(stack: Stack) -> bool:
    """Check that every place is free, including those that the dispatcher reserves briefly."""
    return stack.engine.in_flight._reserved == 0


# --- cancel and pause during an attempt -----------------------------------------------------------------------------


async def test_cancelling_a_running_run_aborts_its_attempt(stack: Stack, target: TargetServer) -> None:
    task = await save_task(stack.database, f"{target.url}/wait")
    run = await running(stack, target, task.id)
    await task_runs.cancel_run(stack.database, "alice", run["_id"], clock.now())
    (ended,) = await stack.wait_for_runs(task.id, "CANCELLED")
    assert ended["reason"] == "CANCEL_REQUESTED"
    assert [attempt["outcome"] for attempt in ended["attempts"]] == ["CANCELLED"]
    assert (await stack.wait_for_task(task.id, "CANCELLED"))["active"] == []
    assert await mails(stack.database) == []


async def test_cancelling_through_another_process_aborts_it_too(
    stack: Stack, target: TargetServer, database: Database
) -> None:
    task = await save_task(database, f"{target.url}/wait")
    run = await running(stack, target, task.id)
    async with run_stack(
        database, schedule=False, mongodb_uri=database.uri, jwt_secret="x" * 32, encryption_key="A" * 43 + "="
    ):
        await task_runs.cancel_run(database, "alice", run["_id"], clock.now())
        await stack.wait_for_runs(task.id, "CANCELLED")


@pytest.mark.parametrize(
    ("verb", "reason"), [(lifecycle.cancel_task, "TASK_CANCELLED"), (lifecycle.delete_task, "TASK_DELETED")]
)
async def test_cancelling_or_deleting_a_task_aborts_its_running_run(
    stack: Stack, target: TargetServer, verb: object, reason: str
) -> None:
    task = await save_task(stack.database, f"{target.url}/wait")
    await running(stack, target, task.id)
    await verb(stack.database, "alice", task.id, clock.now())  # type: ignore[operator]
    (ended,) = await stack.wait_for_runs(task.id, "CANCELLED")
    assert ended["reason"] == reason


@pytest.mark.parametrize(("answer", "end", "reason"), [(200, "COMPLETED", None), (500, "FAILED", "TASK_PAUSED")])
async def test_a_running_run_of_a_paused_task_ends_without_retry(
    stack: Stack, target: TargetServer, answer: int, end: str, reason: str | None
) -> None:
    target.script = [answer]
    task = await save_task(stack.database, f"{target.url}/wait")
    await running(stack, target, task.id)
    await lifecycle.pause_task(stack.database, "alice", task.id, clock.now())
    target.release.set()
    (ended,) = await stack.wait_for_runs(task.id, end)
    assert (ended["reason"], len(ended["attempts"]), ended["retry_at"]) == (reason, 1, None)
    assert ended["finished_at"] is not None
    assert (await stack.wait_for_task(task.id, "PAUSED"))["next_run_at"] is None


async def test_an_edit_while_an_attempt_is_made_is_what_the_next_attempt_does(
    stack: Stack, target: TargetServer
) -> None:
    target.script = [500]
    task = await save_task(stack.database, f"{target.url}/wait")
    await running(stack, target, task.id)
    edit: saving.DraftChanges = {"job": http_job(f"{target.url}/new")}
    await saving.update_task(stack.database, "alice", task.id, edit, clock.now())
    target.release.set()
    await stack.wait_for_runs(task.id, "COMPLETED")
    assert [call["path"] for call in target.calls] == ["/wait", "/new"]


# --- retries and mails ----------------------------------------------------------------------------------------------


async def test_a_blocked_address_is_not_retried(database: Database) -> None:
    async with run_stack(database) as stack:
        task = await save_task(database, "http://169.254.169.254/latest/meta-data")
        (run,) = await stack.wait_for_runs(task.id, "FAILED")
        assert (run["reason"], len(run["attempts"])) == ("NOT_RETRIED", 1)
        assert run["error"]["kind"] == "BLOCKED_ADDRESS"


async def test_mails_come_once_per_incident(stack: Stack, target: TargetServer) -> None:
    start = clock.now() + timedelta(milliseconds=50)
    every = schedules.Every(timedelta(seconds=1), start, start + timedelta(seconds=4))
    target.script = [500, 500, 500, 500, 200, 500, 200]
    task = await save_task(stack.database, target.url, every, retry=RetryPolicy(1, NOW))
    await stack.wait_for_runs(task.id, "FAILED", "FAILED", "COMPLETED", "COMPLETED", "COMPLETED")
    done = await stack.wait_for_task(task.id, "COMPLETED")
    assert (done["incident"], done["consecutive_failures"]) == (3, 0)
    await stack.incident_keeper.keep_due()
    found = await stack.database.deliveries.find({}).sort("queued_at", 1).to_list()
    kinds = [mail["kind"] for mail in found]  # of the first failure only if that is seen before the retry fails
    assert kinds[-2:] == ["FAILED_FOR_GOOD", "RECOVERED"]
    assert kinds[:-2] in ([], ["BEGAN_FAILING"])
    (incident,) = await stack.database.incidents.find({}).to_list()
    assert (incident["cause"], incident["host"]) == ("HOST", target.url.removeprefix("http://"))


@pytest.mark.parametrize(
    ("offset", "tells"), [(timedelta(hours=1), "Next run:        "), (timedelta(seconds=20), "Next attempt:    ")]
)
async def test_the_first_mail_says_what_comes_first_the_next_try_or_the_next_run(
    stack: Stack, target: TargetServer, offset: timedelta, tells: str
) -> None:
    target.script = [500]
    start = clock.now() + timedelta(milliseconds=50)
    every = schedules.Every(timedelta(minutes=10), start)
    task = await save_task(stack.database, target.url, every, retry=RetryPolicy(1, (offset,)))
    (run,) = await stack.wait_for_runs(task.id, "RETRY")
    await wait_until(lambda: mails(stack.database))
    mail = await stack.database.deliveries.find_one({"kind": "BEGAN_FAILING"})
    assert mail is not None
    next_run_at = (await stack.task(task.id))["next_run_at"]
    comes = min(run["retry_at"], next_run_at)
    assert f"{tells}{format_time(comes)}\n" in mail["text"]
    assert ("will not be retried" in mail["text"]) == (next_run_at < run["retry_at"])


async def test_no_start_of_an_incident_is_mailed_after_its_last_mail(stack: Stack, target: TargetServer) -> None:
    """The first run fails without a retry; the second one, of the same incident, is retried."""
    start = clock.now() + timedelta(milliseconds=50)
    every = schedules.Every(timedelta(seconds=1), start, start + timedelta(seconds=1))
    target.script = [404, 503, 404]
    policy = RetryPolicy(1, NOW, None, frozenset({503}))
    task = await save_task(stack.database, target.url, every, retry=policy)
    await stack.wait_for_runs(task.id, "FAILED", "FAILED")
    assert (await stack.wait_for_task(task.id, "FAILED"))["consecutive_failures"] == 2
    assert await mails(stack.database) == ["FAILED_FOR_GOOD"]


async def test_a_manual_run_sends_no_mail_and_changes_neither_status_nor_streak(
    stack: Stack, target: TargetServer
) -> None:
    target.script = [500, 500]
    later = schedules.Once(clock.now() + timedelta(hours=1))
    task = await save_task(stack.database, target.url, later, retry=RetryPolicy(1, NOW))
    await lifecycle.pause_task(stack.database, "alice", task.id, clock.now())
    before = await stack.task(task.id)
    await task_runs.run_task_now(stack.database, "alice", task.id, clock.now(), None)
    await stack.wait_for_runs(task.id, "FAILED")
    assert await stack.task(task.id) == before
    assert await mails(stack.database) == []


async def test_a_run_that_is_repeated_by_its_owner_starts_with_a_new_budget(stack: Stack, target: TargetServer) -> None:
    target.script = [500, 500, 500]
    task = await save_task(stack.database, target.url, retry=RetryPolicy(1, NOW))
    (run,) = await stack.wait_for_runs(task.id, "FAILED")
    await task_runs.retry_run(stack.database, "alice", run["_id"], clock.now(), None)
    (run,) = await stack.wait_for_runs(task.id, "COMPLETED")
    assert [attempt["number"] for attempt in run["attempts"]] == [1, 2, 3, 4]
    done = await stack.wait_for_task(task.id, "COMPLETED")
    assert (done["consecutive_failures"], done["incident"]) == (0, 1)


async def test_an_unknown_job_is_an_internal_error_and_stops_no_worker(database: Database) -> None:
    async with serve_target() as target, run_stack(database, max_concurrency=1) as stack:
        task = await save_task(
            database, target.url, schedules.Once(clock.now() + timedelta(hours=1)), retry=RetryPolicy(0)
        )
        await database.tasks.update_one({"_id": task.id}, {"$set": {"job": {"kind": "ghost", "params": {}}}})
        await task_runs.run_task_now(database, "alice", task.id, clock.now(), None)
        (run,) = await stack.wait_for_runs(task.id, "FAILED")
        assert run["error"]["kind"] == "INTERNAL"
        other = await save_task(database, target.url)
        await stack.wait_for_runs(other.id, "COMPLETED")


async def test_a_retry_policy_that_cannot_be_used_stops_no_worker(database: Database) -> None:
    async with serve_target() as target, run_stack(database, max_concurrency=1) as stack:
        target.script = [500]
        task = await save_task(database, target.url, schedules.Once(clock.now() + timedelta(hours=1)))
        await database.tasks.update_one({"_id": task.id}, {"$set": {"retry": {"max_retries": 2}}})
        await task_runs.run_task_now(database, "alice", task.id, clock.now(), None)
        await stack.wait_for_runs(task.id, "FAILED")
        other = await save_task(database, target.url)
        await stack.wait_for_runs(other.id, "COMPLETED")


def _cancel_itself() -> Any:
    raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("make_outcome", "status"),
    [
        (lambda: Outcome(response_body=b"bytes"), "FAILED"),  # type: ignore[arg-type]
        (lambda: Outcome(response_headers=None), "FAILED"),  # type: ignore[arg-type]
        (lambda: Outcome(error=FAILURE, retry_after=5), "FAILED"),  # type: ignore[arg-type]
        (lambda: None, "FAILED"),
        (_cancel_itself, "FAILED"),
        (lambda: Outcome(status_code=[200]), "COMPLETED"),  # type: ignore[arg-type]  # the circuit cannot read it
    ],
)
async def test_more_faulty_outcomes_than_places_stop_no_worker(
    database: Database,
    target: TargetServer,
    monkeypatch: pytest.MonkeyPatch,
    make_outcome: Callable[[], Any],
    status: str,
) -> None:
    http = type(registry.get_job("http"))
    attempt = http.run_attempt

    async def faulty(self: Any, params: Any, context: Any) -> Any:
        return make_outcome() if params["url"].endswith("/faulty") else await attempt(self, params, context)

    monkeypatch.setattr(http, "run_attempt", faulty)
    async with run_stack(database, max_concurrency=2) as stack:
        for _ in range(3):
            task = await save_task(database, f"{target.url}/faulty", retry=RetryPolicy(1, NOW))
            (run,) = await stack.wait_for_runs(task.id, status)
            first = run["attempts"][0]
            assert first["outcome"] == status
            assert (first["error"] or {}).get("kind") == ("INTERNAL" if status == "FAILED" else None)
        good = await save_task(database, target.url)
        await stack.wait_for_runs(good.id, "COMPLETED")
        await wait_until(lambda: _empty(stack))
        assert not stack.engine.in_flight.runs


async def test_a_run_whose_attempt_cannot_even_start_is_left_to_the_rescuer(
    database: Database, target: TargetServer
) -> None:
    async with run_stack(database, max_concurrency=1) as stack:
        start, stack.engine._worker._start = stack.engine._worker._start, UNUSED  # type: ignore[method-assign]
        task = await save_task(database, target.url)
        (run,) = await stack.wait_for_runs(task.id, "RUNNING")
        await wait_until(lambda: _empty(stack))
        stack.engine._worker._start = start  # type: ignore[method-assign]
        await database.runs.update_one({"_id": run["_id"]}, {"$set": {"attempts.0.started_at": clock.EPOCH}})
        await stack.engine._lease.reconcile_claims()
        stack.wakeups.runs_queued()
        (run,) = await stack.wait_for_runs(task.id, "COMPLETED")
        assert [attempt["outcome"] for attempt in run["attempts"]] == ["LOST", "COMPLETED"]


async def test_a_due_task_of_another_process_is_fired_at_once(database: Database, target: TargetServer) -> None:
    async with run_stack(database) as stack:
        first = await save_task(database, target.url)
        await stack.wait_for_runs(first.id, "COMPLETED")  # its scheduler is sleeping now
        other = await save_task(database, target.url)
        await stack.wait_for_runs(other.id, "COMPLETED", seconds=1)


async def test_a_response_of_invalid_bytes_is_recorded_and_stops_no_worker(stack: Stack, target: TargetServer) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 O\xffK\r\nX-Odd: \xff\xed\xa0\x80\r\nContent-Length: 4\r\n\r\n\xff\xed\xa0\x80")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        odd = await save_task(stack.database, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        (run,) = await stack.wait_for_runs(odd.id, "COMPLETED")
        assert "X-Odd" in dict(run["attempts"][0]["response_headers"])
    task = await save_task(stack.database, target.url)
    await stack.wait_for_runs(task.id, "COMPLETED")


# --- keys that were just created ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("found", "status"), [(True, "COMPLETED"), (False, "FAILED")])
async def test_an_unknown_key_is_looked_for_before_a_secret_is_given_up(
    stack: Stack, target: TargetServer, monkeypatch: pytest.MonkeyPatch, found: bool, status: str
) -> None:
    kid = f"{int(found):016x}"
    elsewhere = SecretBox(bytes(32))
    elsewhere.set_keys({kid: b"n" * 32}, kid)
    asked = []

    async def look() -> None:
        asked.append(kid)
        if found:
            SECRETS.set_keys({kid: b"n" * 32}, OPERATOR_KEY_ID)

    monkeypatch.setattr(SECRETS, "reload_keys", look)
    task = await save_task(stack.database, target.url, schedules.Once(clock.now() + LONG[0]), retry=RetryPolicy(0))
    job = http_job(target.url, token=elsewhere.seal("s3cret", "alice"))
    await saving.update_task(stack.database, "alice", task.id, {"job": job}, clock.now())
    await task_runs.run_task_now(stack.database, "alice", task.id, clock.now(), None)
    await stack.wait_for_runs(task.id, status)
    assert asked == [kid]
    assert [call["headers"]["Authorization"] for call in target.calls] == ["Bearer s3cret"] * found
