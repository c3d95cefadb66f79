"""An outcome that the database cannot store does not block the others."""

from typing import Any

import pytest
from pymongo.errors import OperationFailure

from tests.harness import TargetServer, run_stack, save_task
from tocsin.documents import Database
from tocsin.execution import completer
from tocsin.execution.completer import MAX_REFUSALS, Completer
from tocsin.execution.completion import Completion
from tocsin.jobs import registry


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
