"""Runs that are settled by a callback of their target, over real sockets."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from tests.callbacks import (
    CallingTarget,
    call_back,
    run_receiving_stack,
    save_callback_task,
    serve_calling_target,
)
from tests.execution.helpers import add_dead_worker, worker_lease
from tests.execution.test_deferred_runs import COUNT, connected
from tests.harness import Stack, wait_until
from tests.tasks.helpers import add_run, load_run, save_hourly_task
from tocsin import clock, schedules
from tocsin.documents import CallbackDocument, CallbackStatus, Database, Overlap, RunStatus
from tocsin.errors import Conflict
from tocsin.execution.callbacks import CallbackAnswer, CallbackVerdict
from tocsin.tasks import lifecycle, runs
from tocsin.tasks.retry_policy import RetryPolicy


@pytest.fixture
async def caller() -> AsyncIterator[CallingTarget]:
    async with serve_calling_target() as running:
        yield running


@pytest.fixture
async def receiving(database: Database) -> AsyncIterator[Stack]:
    async with run_receiving_stack(database) as running:
        yield running


async def wait_for_waiting(stack: Stack, task_id: str) -> Any:
    return (await stack.wait_for_runs(task_id, "WAITING"))[0]


async def test_a_run_waits_for_the_callback_that_completes_it(receiving: Stack, caller: CallingTarget) -> None:
    task = await save_callback_task(receiving, caller, within=300)
    run = await wait_for_waiting(receiving, task.id)
    attempt = run["attempts"][0]
    assert run["open"]
    assert run["worker"] is None
    assert run["callback_by"] == attempt["accepted_at"] + timedelta(seconds=300)
    assert (attempt.get("outcome"), attempt.get("finished_at"), attempt["status_code"]) == (None, None, 202)
    assert (await receiving.task(task.id))["status"] == "RUNNING"
    assert receiving.engine.in_flight.find_load().running == 0

    answer = await call_back(caller.callback_urls[0], message=" all done ")
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["message"]) == ("completed", "all done")
    (done,) = await receiving.wait_for_runs(task.id, "COMPLETED")
    attempt = done["attempts"][0]
    assert not done["open"]
    assert (done["callback_by"], done["callback"]) == (None, None)
    assert attempt["outcome"] == "COMPLETED"
    assert attempt["callback"]["message"] == "all done"
    assert attempt["finished_at"] == done["finished_at"] == attempt["callback"]["received_at"]
    assert (await receiving.wait_for_task(task.id, "COMPLETED"))["active"] == []


async def test_a_callback_that_reports_a_failure_fails_the_attempt(receiving: Stack, caller: CallingTarget) -> None:
    task = await save_callback_task(receiving, caller)
    await wait_for_waiting(receiving, task.id)
    assert (await call_back(caller.callback_urls[0], status="FAILED", message="disk full")).status_code == 200
    (run,) = await receiving.wait_for_runs(task.id, "FAILED")
    assert (run["reason"], run["error"]["kind"]) == ("RETRIES_USED_UP", "CALLBACK_FAILED")
    assert run["error"]["message"] == "The target called back with the status failed: disk full"
    assert (await receiving.wait_for_task(task.id, "FAILED"))["consecutive_failures"] == 1
    kinds = [mail["_id"].rpartition(":")[2] async for mail in receiving.database.deliveries.find({})]
    assert kinds == ["failed"]


async def test_without_a_callback_the_attempt_fails_and_is_retried(receiving: Stack, caller: CallingTarget) -> None:
    task = await save_callback_task(receiving, caller, within=1, retries=1)
    second = await caller.wait_for_call(2)
    run = await wait_for_waiting(receiving, task.id)
    first = run["attempts"][0]
    assert (first["outcome"], first["error"]["kind"]) == ("FAILED", "CALLBACK_TIMEOUT")
    assert first["error"]["message"] == "The target did not call back within PT1S after its response."
    assert first["finished_at"] >= first["accepted_at"] + timedelta(seconds=1)
    late = await call_back(caller.callback_urls[0])
    assert late.status_code == 410
    assert (await call_back(second)).status_code == 200
    (done,) = await receiving.wait_for_runs(task.id, "COMPLETED")
    assert [attempt["outcome"] for attempt in done["attempts"]] == ["FAILED", "COMPLETED"]
    assert done["error"] is None


async def test_a_callback_before_the_response_is_not_lost(receiving: Stack, caller: CallingTarget) -> None:
    answers: list[Any] = []

    async def call_back_first(url: str) -> int:
        answers.append(await call_back(url, message="quick"))
        answers.append(await call_back(url, message="again"))
        return 200

    caller.script = [call_back_first]
    task = await save_callback_task(receiving, caller)
    (run,) = await receiving.wait_for_runs(task.id, "COMPLETED")
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    attempt = run["attempts"][0]
    assert attempt["callback"]["message"] == "quick"
    assert attempt["finished_at"] >= attempt["accepted_at"] >= attempt["callback"]["received_at"]


@pytest.mark.parametrize(("said", "status"), [("completed", "COMPLETED"), ("failed", "FAILED")])
async def test_an_early_callback_decides_whatever_the_response_is(
    receiving: Stack, caller: CallingTarget, said: str, status: str
) -> None:
    async def call_back_and_fail(url: str) -> int:
        await call_back(url, status=said)
        return 500

    caller.script = [call_back_and_fail]
    task = await save_callback_task(receiving, caller)
    (run,) = await receiving.wait_for_runs(task.id, status)
    attempt = run["attempts"][0]
    assert (attempt["outcome"], attempt["status_code"]) == (status, 500)
    assert (run["error"] and run["error"]["kind"]) == (None if said == "completed" else "CALLBACK_FAILED")


async def test_a_response_that_does_not_accept_fails_the_attempt_at_once(
    receiving: Stack, caller: CallingTarget
) -> None:
    async def refuse(_: str) -> int:
        return 503

    caller.script = [refuse]
    task = await save_callback_task(receiving, caller, retries=1)
    run = await wait_for_waiting(receiving, task.id)
    assert [attempt.get("outcome") for attempt in run["attempts"]] == ["FAILED", None]
    assert run["attempts"][0]["error"]["kind"] == "HTTP_STATUS"
    assert (await call_back(caller.callback_urls[0])).status_code == 410
    assert (await call_back(caller.callback_urls[1])).status_code == 200


async def test_the_first_callback_counts_and_its_repetition_gets_the_same_answer(
    receiving: Stack, caller: CallingTarget
) -> None:
    task = await save_callback_task(receiving, caller)
    await wait_for_waiting(receiving, task.id)
    url = caller.callback_urls[0]
    first, again = await call_back(url, message="one"), await call_back(url, message="two")
    contrary = await call_back(url, status="failed")
    assert (first.status_code, again.status_code, contrary.status_code) == (200, 200, 409)
    assert first.json() == again.json()
    (run,) = await receiving.wait_for_runs(task.id, "COMPLETED")
    assert (await receiving.task(task.id))["incident"] == 1  # counted once
    assert run["attempts"][0]["callback"]["message"] == "one"


async def test_a_waiting_run_is_cancelled_at_once(receiving: Stack, caller: CallingTarget) -> None:
    task = await save_callback_task(receiving, caller)
    run = await wait_for_waiting(receiving, task.id)
    await runs.cancel_run(receiving.database, "alice", run["_id"], clock.now())
    (run,) = await receiving.wait_for_runs(task.id, "CANCELLED")
    assert (run["reason"], run["attempts"][0]["outcome"]) == ("CANCEL_REQUESTED", "CANCELLED")
    assert run["callback_by"] is None
    assert (await call_back(caller.callback_urls[0])).status_code == 410
    await receiving.wait_for_task(task.id, "CANCELLED")


async def test_a_run_that_is_cancelled_before_the_response_does_not_wait(
    receiving: Stack, caller: CallingTarget
) -> None:
    async def accept_after_cancellation(_: str) -> int:
        (run,) = await receiving.runs(task.id)
        await runs.cancel_run(receiving.database, "alice", run["_id"], clock.now())
        return 202

    caller.script = [accept_after_cancellation]
    task = await save_callback_task(receiving, caller, schedule=schedules.Once(clock.now() + timedelta(seconds=0.2)))
    (run,) = await receiving.wait_for_runs(task.id, "CANCELLED")
    assert (run["reason"], run["attempts"][0]["outcome"]) == ("CANCEL_REQUESTED", "CANCELLED")


@pytest.mark.parametrize(
    ("said", "status", "reason"), [("completed", "COMPLETED", None), ("failed", "FAILED", "TASK_PAUSED")]
)
async def test_a_pause_lets_a_waiting_run_end_without_a_retry(
    receiving: Stack, caller: CallingTarget, said: str, status: str, reason: str | None
) -> None:
    schedule = schedules.Every(timedelta(hours=1), clock.now())
    task = await save_callback_task(receiving, caller, retries=5, schedule=schedule)
    run = await wait_for_waiting(receiving, task.id)
    await lifecycle.pause_task(receiving.database, "alice", task.id, clock.now())
    assert (await receiving.run(run["_id"]))["status"] == "WAITING"
    assert (await call_back(caller.callback_urls[0], status=said)).status_code == 200
    (run,) = await receiving.wait_for_runs(task.id, status)
    assert run["reason"] == reason


async def test_deleting_a_task_cancels_its_waiting_run(receiving: Stack, caller: CallingTarget) -> None:
    task = await save_callback_task(receiving, caller)
    await wait_for_waiting(receiving, task.id)
    await lifecycle.delete_task(receiving.database, "alice", task.id, clock.now())
    (run,) = await receiving.wait_for_runs(task.id, "CANCELLED")
    assert run["reason"] == "TASK_DELETED"
    assert (await call_back(caller.callback_urls[0])).status_code == 410


@pytest.mark.parametrize(
    ("overlap", "second"), [(Overlap.SKIP, "SKIPPED"), (Overlap.QUEUE, "QUEUED"), (Overlap.ALLOW, "WAITING")]
)
async def test_a_waiting_run_counts_as_open_for_the_overlap(
    receiving: Stack, caller: CallingTarget, overlap: Overlap, second: str
) -> None:
    start = clock.now()
    schedule = schedules.Every(timedelta(seconds=1), start, start + timedelta(seconds=1.5))
    task = await save_callback_task(receiving, caller, schedule=schedule, overlap=overlap)
    await receiving.wait_for_runs(task.id, "WAITING", second)
    await call_back(caller.callback_urls[0])
    if overlap is Overlap.QUEUE:  # the end of the first one releases it
        await receiving.wait_for_runs(task.id, "COMPLETED", "WAITING")


async def test_a_retried_run_is_not_settled_by_the_url_of_an_earlier_round(
    receiving: Stack, caller: CallingTarget
) -> None:
    task = await save_callback_task(receiving, caller, within=1)
    (failed,) = await receiving.wait_for_runs(task.id, "FAILED")
    await runs.retry_run(receiving.database, "alice", failed["_id"], clock.now(), None)
    receiving.wakeups.runs_queued()
    await caller.wait_for_call(2)
    assert (await call_back(caller.callback_urls[0])).status_code == 410
    assert (await call_back(caller.callback_urls[1])).status_code == 200
    (done,) = await receiving.wait_for_runs(task.id, "COMPLETED")
    assert done["round"] == 1


async def test_the_callback_url_of_an_attempt_is_not_shown(receiving: Stack, caller: CallingTarget) -> None:
    place = "${{ callback.url }}"
    caller.echoes = True
    params = {
        "method": "POST",
        "headers": [{"name": "X-Hook", "value": f"<{place}>"}],
        "body": {"kind": "json", "value": f'{{"then":"{place}"}}'},
    }
    task = await save_callback_task(receiving, caller, params=params)
    run = await wait_for_waiting(receiving, task.id)
    url = caller.callback_urls[0]
    assert caller.headers[0]["X-Hook"] == f"<{url}>"
    assert caller.bodies[0] == f'{{"then":"{url}"}}'
    signature = url.rpartition(".")[2]
    body = await receiving.database.response_bodies.find_one({"_id": f"{run['_id']}#1"})
    assert body is not None
    assert signature not in str(run) + body["text"]
    assert "***" in body["text"]
    assert dict(run["attempts"][0]["request"]["headers"])["Tocsin-Callback-Url"] == "***"


async def test_two_processes_settle_a_run_once(database: Database, caller: CallingTarget) -> None:
    async with run_receiving_stack(database) as one, run_receiving_stack(database) as other:
        task = await save_callback_task(one, caller, within=1, retries=1)
        await caller.wait_for_call(2)
        run = await wait_for_waiting(one, task.id)
        assert [attempt.get("outcome") for attempt in run["attempts"]] == ["FAILED", None]
        path = caller.callback_urls[1].partition("/callbacks/")[2]
        answers = [await call_back(stack.settings.page_url(f"/callbacks/{path}")) for stack in (other, one)]
        assert [answer.status_code for answer in answers] == [200, 200]
        await one.wait_for_runs(task.id, "COMPLETED")
        deliveries = await database.deliveries.find({}).to_list()
        assert [each["_id"].rpartition(":")[2] for each in deliveries] == ["began"]


async def test_a_deadline_that_passed_while_nothing_served_is_noticed_at_the_start(
    database: Database, caller: CallingTarget
) -> None:
    async with run_receiving_stack(database) as first:
        task = await save_callback_task(first, caller)
        run = await wait_for_waiting(first, task.id)
    past = clock.now() - timedelta(seconds=1)
    await database.runs.update_one({"_id": run["_id"]}, {"$set": {"callback_by": past}})
    async with run_receiving_stack(database) as second:
        (run,) = await second.wait_for_runs(task.id, "FAILED")
    assert run["error"]["kind"] == "CALLBACK_TIMEOUT"


async def test_a_workflow_goes_on_after_the_callback_of_its_step(receiving: Stack, caller: CallingTarget) -> None:
    await receiving.save_workflow(f"""
name: long
steps:
  - key: start
    job: http
    params: {{url: "{caller.url}/start?then=${{{{ callback.url }}}}", expectCallback: {{within: PT5M}}}}
  - key: after
    dependsOn: [start]
    job: http
    params: {{url: "{caller.url}/after?status=${{{{ steps.start.result.statusCode }}}}"}}
""")
    run_id = await receiving.execute("long")
    url = await caller.wait_for_call()
    assert caller.queries[0]["then"] == url

    async def waiting() -> Any:
        return await receiving.database.runs.find_one({"task": run_id, "status": "WAITING"})

    await wait_until(waiting)
    assert (await call_back(url)).status_code == 200
    await receiving.wait_for_workflow_run(run_id, "COMPLETED")
    assert caller.queries[1] == {"status": "202"}


async def test_a_workflow_run_that_is_cancelled_cancels_the_waiting_step(
    receiving: Stack, caller: CallingTarget
) -> None:
    await receiving.save_workflow(f"""
name: long
timeout: PT1S
steps:
  - key: start
    job: http
    params: {{url: "{caller.url}/start", expectCallback: {{within: PT5M}}}}
""")
    run_id = await receiving.execute("long")
    url = await caller.wait_for_call()
    await receiving.wait_for_workflow_run(run_id, "FAILED")

    async def cancelled() -> Any:
        return await receiving.database.runs.find_one({"task": run_id, "status": "CANCELLED"})

    await wait_until(cancelled)
    assert (await call_back(url)).status_code == 410


async def test_a_callback_can_come_while_the_run_is_deferred(mongodb_uri: str, caller: CallingTarget) -> None:
    """A process that is alone writes a run only when its attempt has ended, or after a moment."""

    async def call_back_first(url: str) -> int:
        return (await call_back(url, message="early")).status_code

    caller.script = [call_back_first] * COUNT
    async with connected(mongodb_uri, alone=True) as database, run_receiving_stack(database, wait_timeout=30) as stack:
        due = schedules.Once(clock.now() + timedelta(seconds=1))
        tasks = [await save_callback_task(stack, caller, schedule=due) for _ in range(COUNT)]
        for task in tasks:
            (run,) = await stack.wait_for_runs(task.id, "COMPLETED")
            assert run["attempts"][0]["callback"]["message"] == "early"
            await stack.wait_for_task(task.id, "COMPLETED")


async def test_runs_that_were_deferred_wait_for_their_callbacks(mongodb_uri: str, caller: CallingTarget) -> None:
    async with connected(mongodb_uri, alone=True) as database, run_receiving_stack(database) as stack:
        due = schedules.Once(clock.now() + timedelta(seconds=1))
        tasks = [await save_callback_task(stack, caller, within=1, schedule=due) for _ in range(COUNT)]
        for task in tasks:
            (run,) = await stack.wait_for_runs(task.id, "FAILED")
            assert run["error"]["kind"] == "CALLBACK_TIMEOUT"
            await stack.wait_for_task(task.id, "FAILED")


@pytest.mark.parametrize(("said", "status"), [("COMPLETED", "COMPLETED"), ("FAILED", "FAILED")])
async def test_a_callback_outlives_the_worker_that_has_not_stored_the_response(
    database: Database, caller: CallingTarget, said: str, status: str
) -> None:
    task = await save_hourly_task(database, retry=RetryPolicy(0))
    run_id = await add_run(database, task.id, RunStatus.RUNNING)
    callback = {"attempt": 1, "status": said, "message": None, "received_at": clock.now()}
    await database.runs.update_one({"_id": run_id}, {"$set": {"callback": callback}})
    await add_dead_worker(database)
    await worker_lease(database).reconcile_claims()
    assert (await load_run(database, run_id))["status"] == "WAITING"
    async with run_receiving_stack(database) as stack:
        (run,) = await stack.wait_for_runs(task.id, status)
    assert [attempt["outcome"] for attempt in run["attempts"]] == [status]
    assert caller.callback_urls == []  # it was not attempted again


@pytest.mark.parametrize("seed", range(8))
async def test_of_a_callback_a_deadline_and_a_cancellation_at_once_one_counts(
    receiving: Stack, caller: CallingTarget, seed: int
) -> None:
    task = await save_callback_task(receiving, caller)
    run = await wait_for_waiting(receiving, task.id)
    await receiving.database.runs.update_one({"_id": run["_id"]}, {"$set": {"callback_by": clock.now()}})

    async def cancel() -> None:
        with suppress(Conflict):
            await runs.cancel_run(receiving.database, "alice", run["_id"], clock.now())

    async def report(status: CallbackStatus) -> CallbackAnswer:
        token = receiving.callback_tokens.read(caller.callback_urls[0].rpartition("/")[2])
        reported: CallbackDocument = {"attempt": 1, "status": status, "message": None, "received_at": clock.now()}
        return await receiving.callbacks.receive(token, reported)

    rivals = [*map(report, CallbackStatus), cancel(), receiving._callback_deadlines.settle_overdue()]
    random.Random(seed).shuffle(rivals)
    answers = [one for one in await asyncio.gather(*rivals) if isinstance(one, CallbackAnswer)]
    stored = await receiving.run(run["_id"])
    attempt = stored["attempts"][0]
    assert stored["status"] in ("COMPLETED", "FAILED", "CANCELLED")
    assert attempt["outcome"] == stored["status"]
    assert (stored.get("callback"), stored["callback_by"]) == (None, None)
    received = [one.received for one in answers if one.verdict is CallbackVerdict.RECEIVED]
    assert received == ([attempt["callback"]] if "callback" in attempt else [])
    assert len(answers) == 2
    after = await receiving.wait_for_task(task.id, stored["status"])
    assert after["active"] == []
    assert after["consecutive_failures"] == (stored["status"] == "FAILED")
    assert await receiving.database.deliveries.count_documents({}) == (stored["status"] == "FAILED")
