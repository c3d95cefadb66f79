"""Outcomes are stored once each: a late one is refused, and one that cannot be stored does not block the others."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from pymongo.errors import AutoReconnect, OperationFailure

from tests.execution.helpers import called, mails, outcomes
from tests.harness import Stack, TargetServer, run_stack, save_task, wait_until
from tests.tasks.helpers import ended_attempt
from tocsin import clock
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.limiter import RunLimiter
from tocsin.documents import AttemptOutcome, Database, RunDocument
from tocsin.execution import completer
from tocsin.execution.completer import MAX_REFUSALS, Completer, StoredBatch
from tocsin.execution.completion import Completion
from tocsin.jobs import registry
from tocsin.quotas.meter import UsageMeter
from tocsin.tasks import activity_log, run_effects
from tocsin.tasks.retry_policy import RetryPolicy
from tocsin.wakeups import Wakeups


async def test_an_outcome_that_cannot_be_stored_fails_its_run_alone(
    database: Database, target: TargetServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    http = registry.get_job("http")
    attempt = type(http).run_attempt

    async def strange(self: Any, params: Any, context: Any) -> Any:
        outcome = await attempt(self, params, context)
        if params["url"].endswith("/strange"):
            object.__setattr__(outcome, "status_code", 1 << 70)  # BSON has no such number
        return outcome

    monkeypatch.setattr(type(http), "run_attempt", strange)
    async with run_stack(database) as stack:
        odd = await save_task(database, f"{target.url}/strange")
        good = [await save_task(database, f"{target.url}/{number}") for number in range(20)]
        (run,) = await stack.wait_for_runs(odd.id, "FAILED")
        assert run["attempts"][0]["error"]["kind"] == "INTERNAL"
        for task in good:
            await stack.wait_for_runs(task.id, "COMPLETED")
        await stack.wait_for_task(odd.id, "FAILED")


async def test_an_outcome_waits_for_a_database_that_cannot_store_and_loses_nothing(
    database: Database, target: TargetServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, refused = Completer._write, list[int]()

    async def panic(self: Completer, batch: list[Completion]) -> None:
        if len(refused) <= MAX_REFUSALS:
            refused.append(len(batch))
            raise OperationFailure('WtError { code: -31804, message: "WT_PANIC: WiredTiger library panic" }', 1)
        await write(self, batch)

    monkeypatch.setattr(Completer, "_write", panic)
    monkeypatch.setattr(completer, "MAX_RETRY_SECONDS", 0.01)
    async with run_stack(database) as stack:
        task = await save_task(database, target.url)
        (run,) = await stack.wait_for_runs(task.id, "COMPLETED")
        assert len(refused) > MAX_REFUSALS
        assert run["attempts"][0]["error"] is None


async def test_an_outcome_after_a_lull_waits_for_no_others(
    database: Database, target: TargetServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(completer, "FLUSH_SECONDS", 3_600.0)
    async with run_stack(database) as stack:
        for _ in range(2):
            task = await save_task(database, target.url)
            await stack.wait_for_runs(task.id, "COMPLETED")


async def test_a_late_result_is_refused_by_the_fence_and_not_metered(
    stack: Stack, target: TargetServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await save_task(stack.database, f"{target.url}/wait")
    (run,) = await stack.wait_for_runs(task.id, "RUNNING")
    await wait_until(lambda: called(target, 1))
    now = clock.now()
    newer_claim = {
        "fence": 2,
        "worker": "other",
        "attempts": [ended_attempt(1, AttemptOutcome.LOST), {"number": 2, "started_at": now, "worker": "other"}],
    }
    await stack.database.runs.update_one({"_id": run["_id"]}, {"$set": newer_claim})
    await stack.database.workers.insert_one({"_id": "other", "until": now + timedelta(hours=1)})
    metered = list[str]()
    monkeypatch.setattr(stack.quotas.meter, "add_bytes", lambda owner, _: metered.append(owner))
    target.release.set()
    await wait_until(lambda: _empty(stack))
    assert metered == []
    late = await stack.run(run["_id"])
    assert (late["status"], late["worker"], outcomes(late)) == ("RUNNING", "other", ["LOST", None])
    assert (await stack.task(task.id))["status"] == "RUNNING"


async def test_an_outcome_whose_effects_had_to_be_repeated_is_logged_and_metered_once(
    stack: Stack, target: TargetServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply, failures, logged, metered = run_effects.apply_effects, [1], list[str](), list[str]()

    async def fail_once(database: Database, runs: list[RunDocument]) -> bool:
        if runs and failures:
            failures.pop()
            raise AutoReconnect("connection closed")
        return await apply(database, runs)

    monkeypatch.setattr(run_effects, "apply_effects", fail_once)
    monkeypatch.setattr(activity_log, "log_run_outcomes", lambda runs: logged.extend(run["_id"] for run in runs))
    monkeypatch.setattr(stack.quotas.meter, "add_bytes", lambda owner, _: metered.append(owner))
    task = await save_task(stack.database, target.url)
    (run,) = await stack.wait_for_runs(task.id, "COMPLETED")
    await wait_until(lambda: _empty(stack))
    assert (failures, logged, metered) == ([], [run["_id"]], ["alice"])


async def test_an_outcome_does_not_wait_for_those_of_another_owners_backlog(database: Database) -> None:
    buffer = Completer(database, InFlightRuns("w", 99, RunLimiter()), Wakeups(), UsageMeter())
    runs: list[Any] = [*({"owner": "alice", "_id": f"a{number}"} for number in range(9)), {"owner": "bob", "_id": "b"}]
    for run in runs:
        buffer.put(SimpleNamespace(run=run))  # type: ignore[arg-type]
    batches = [[one.run["_id"] for one in buffer._buffer.take(4)] for _ in range(3)]
    assert batches == [["a0", "b", "a1", "a2"], ["a3", "a4", "a5", "a6"], ["a7", "a8"]]
    assert buffer.is_idle


async def _empty(stack: Stack) -> bool:
    return not stack.engine.in_flight.runs


async def test_the_start_of_an_incident_is_mailed_even_if_the_retry_starts_before_the_outcome_is_read_back(
    stack: Stack, target: TargetServer
) -> None:
    target.script = [500]
    completer = stack.engine._completer
    original = completer._read_back

    async def overtaken(batch: list[Completion]) -> StoredBatch:
        for one in batch:
            again = {"status": "RUNNING", "worker": "other", "fence": 2, "retry_at": None}
            await stack.database.runs.update_one({"_id": one.run["_id"]}, {"$set": again})
        return await original(batch)

    completer._read_back = overtaken  # type: ignore[method-assign]
    await stack.database.workers.insert_one({"_id": "other", "until": clock.now() + timedelta(hours=1)})
    await save_task(stack.database, target.url, retry=RetryPolicy(1, (timedelta(hours=1),)))
    await wait_until(lambda: mails(stack.database))
    assert await mails(stack.database) == ["BEGAN_FAILING"]


@pytest.mark.parametrize("is_slow", [False, True])
async def test_an_end_that_took_long_to_be_stored_is_stamped_again(
    database: Database, target: TargetServer, monkeypatch: pytest.MonkeyPatch, is_slow: bool
) -> None:
    """A client that was away looks for it from shortly before its cursor on."""
    if is_slow:
        monkeypatch.setattr(completer, "VISIBLE_WITHIN", timedelta(0))
    async with run_stack(database) as stack:
        task = await save_task(database, target.url)
        (run,) = await stack.wait_for_runs(task.id, "COMPLETED")

        async def stamped() -> Any:
            return (await stack.run(run["_id"])).get("settled_late_at")

        if is_slow:
            assert await wait_until(stamped) >= run["finished_at"]
        else:
            assert await stamped() is None
