"""Runs that are settled by a callback of their target, over real sockets."""

import json
from collections.abc import AsyncIterator
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
from tests.harness import SECRETS, Stack, wait_until
from tocsin import clock, schedules
from tocsin.documents import Database, Overlap
from tocsin.tasks import lifecycle, runs


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
    assert [alert["failures"] async for alert in receiving.database.alerts.find({})] == [1]


async def test_a_callback_whose_failure_pauses_the_task_has_its_owner_told(
    receiving: Stack, caller: CallingTarget
) -> None:
    every = schedules.Every(timedelta(days=1), clock.now() + timedelta(seconds=2))
    task = await save_callback_task(receiving, caller, schedule=every, pause_after=1)
    await wait_for_waiting(receiving, task.id)
    assert (await call_back(caller.callback_urls[0], status="FAILED", message="disk full")).status_code == 200
    assert await receiving.database.notifications.count_documents({"kind": "TASK_PAUSED"}) == 1
    paused = await receiving.task(task.id)
    assert (paused["status"], paused["reconcile"]) == ("PAUSED", False)


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
        await runs.cancel_run(receiving.database, "alice", caller.headers[0]["Idempotency-Key"], clock.now())
        return 202

    caller.script = [accept_after_cancellation]
    task = await save_callback_task(receiving, caller)
    (run,) = await receiving.wait_for_runs(task.id, "CANCELLED")
    assert (run["reason"], run["attempts"][0]["outcome"]) == ("CANCEL_REQUESTED", "CANCELLED")


@pytest.mark.parametrize(
    ("said", "status", "reason"), [("completed", "COMPLETED", None), ("failed", "FAILED", "TASK_PAUSED")]
)
async def test_a_pause_lets_a_waiting_run_end_without_a_retry(
    receiving: Stack, caller: CallingTarget, said: str, status: str, reason: str | None
) -> None:
    schedule = schedules.Every(timedelta(hours=1), clock.now() + timedelta(seconds=2))
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
    start = clock.now() + timedelta(seconds=2)
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


def sealed_secrets() -> dict[str, Any]:
    """Return stored parameters with a token and a secret header."""
    header = {"name": "X-Api-Key", "sealed": SECRETS.seal("key-of-alice/42", "alice")}
    return {"token": SECRETS.seal("s3cret-t0ken", "alice"), "secret_headers": [header]}


QUOTE = "curl -H 'Authorization: Bearer s3cret-t0ken' -H 'X-Api-Key: key-of-alice%2F42' failed"
MASKED = "curl -H 'Authorization: Bearer ***' -H 'X-Api-Key: ***' failed"


@pytest.mark.parametrize("is_early", [False, True])
async def test_secrets_that_a_target_quotes_in_its_callback_are_masked(
    receiving: Stack, caller: CallingTarget, is_early: bool
) -> None:
    answers: list[Any] = []

    async def quote_first(url: str) -> int:
        answers.append(await call_back(url, status="failed", message=QUOTE))
        return 202

    caller.script = [quote_first] if is_early else []
    task = await save_callback_task(receiving, caller, params=sealed_secrets())
    if not is_early:
        await wait_for_waiting(receiving, task.id)
        answers.append(await call_back(caller.callback_urls[0], status="failed", message=QUOTE))
    (run,) = await receiving.wait_for_runs(task.id, "FAILED")
    assert caller.headers[0]["Authorization"] == "Bearer s3cret-t0ken"
    assert answers[0].json()["message"] == run["attempts"][0]["callback"]["message"] == MASKED
    assert run["error"]["message"] == f"The target called back with the status failed: {MASKED}"
    again = await call_back(caller.callback_urls[0], status="failed", message=QUOTE)
    assert again.json() == answers[0].json()
    told = [await each.find({}).to_list() for each in (receiving.database.runs, receiving.database.alerts)]
    assert "s3cret" not in str(told)


async def test_a_callback_that_quotes_its_own_url_or_is_cut_off_shows_no_secret(
    receiving: Stack, caller: CallingTarget
) -> None:
    task = await save_callback_task(receiving, caller, params=sealed_secrets())
    await wait_for_waiting(receiving, task.id)
    url = caller.callback_urls[0]
    said = f"{url} ".ljust(987, "x") + " Bearer s3cret-t0ken"[:13]
    await call_back(url, message=said)
    (run,) = await receiving.wait_for_runs(task.id, "COMPLETED")
    shown = run["attempts"][0]["callback"]["message"]
    assert shown.startswith(url.rpartition(".")[0] + ".*** x")
    assert shown.endswith("x Bearer ***")


async def test_a_callback_whose_secrets_cannot_be_read_says_nothing(receiving: Stack, caller: CallingTarget) -> None:
    task = await save_callback_task(receiving, caller, params=sealed_secrets())
    run = await wait_for_waiting(receiving, task.id)
    await receiving.database.runs.update_one({"_id": run["_id"]}, {"$set": {"job.params.token": "v1:AAAA"}})
    assert (await call_back(caller.callback_urls[0], message=QUOTE)).status_code == 200
    (run,) = await receiving.wait_for_runs(task.id, "COMPLETED")
    assert run["attempts"][0]["callback"]["message"] == "***"


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
    params:
      url: "{caller.url}/b?s=${{{{ steps.start.result.statusCode }}}}&id=${{{{ steps.start.result.callback.message }}}}"
""")
    run_id = await receiving.execute("long")
    url = await caller.wait_for_call()
    assert caller.queries[0]["then"] == url

    async def waiting() -> Any:
        return await receiving.database.runs.find_one({"task": run_id, "status": "WAITING"})

    await wait_until(waiting)
    assert (await call_back(url, message="m-7")).status_code == 200
    await receiving.wait_for_workflow_run(run_id, "COMPLETED")
    assert caller.queries[1] == {"s": "202", "id": "m-7"}


async def test_data_that_a_step_forwards_never_becomes_the_callback_url(
    receiving: Stack, caller: CallingTarget
) -> None:
    """A target must not get another one's URL into what is sent elsewhere, by answering with the placeholder."""
    places = "${{ callback.url }} ${{callback.url}}"
    caller.echoes = True
    await receiving.save_workflow(f"""
name: forwarding
inputs: {{text: {{type: string}}}}
steps:
  - key: first
    job: http
    params: {{url: "{caller.url}/first", method: POST, bodyText: "${{{{ inputs.text }}}}"}}
  - key: forward
    dependsOn: [first]
    job: http
    params:
      url: "{caller.url}/forward?then=${{{{ callback.url }}}}"
      method: POST
      headers: {{X-Input: "<${{{{ inputs.text }}}}>"}}
      body: {{said: "${{{{ steps.first.result.body }}}}", own: "${{{{ callback.url }}}}"}}
      expectCallback: {{within: PT5M}}
""")
    run_id = await receiving.execute("forwarding", {"text": places})
    url = await caller.wait_for_call(2)
    assert caller.bodies[0] == places
    assert caller.queries[1] == {"then": url}
    sent = json.loads(caller.bodies[1])
    assert sent["own"] == url
    assert places in sent["said"]
    assert caller.headers[1]["X-Input"] == f"<{places}>"
    assert url not in sent["said"] + caller.headers[1]["X-Input"]
    assert (await call_back(url)).status_code == 200
    await receiving.wait_for_workflow_run(run_id, "COMPLETED")


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
