"""The context of an attempt belongs to its run and owner only."""

from datetime import timedelta
from typing import Any

import pytest

from tests.harness import Stack
from tocsin.clock import EPOCH
from tocsin.documents import Trigger


def run(**changes: Any) -> Any:
    return {
        "_id": "t:1", "owner": "alice", "due_at": EPOCH + timedelta(days=20_000), "timeout": None, "host": None,
        "attempts": [{}, {}], "job": {"kind": "http"}, "trigger": Trigger.SCHEDULE, **changes,
    }  # fmt: skip


async def test_an_attempt_has_its_runs_facts(stack: Stack) -> None:
    context = stack.engine.dependencies.job_context(run())
    assert (context.run_id, context.owner, context.due_at) == ("t:1", "alice", run()["due_at"])
    assert (context.attempt, context.is_step) == (2, False)
    assert stack.engine.dependencies.job_context(run(trigger="WORKFLOW")).is_step


@pytest.mark.parametrize(("timeout", "kind"), [(3.5, "http"), (None, "http"), (None, "report")])
async def test_a_run_without_a_timeout_has_that_of_its_kind(stack: Stack, timeout: float | None, kind: str) -> None:
    context = stack.engine.dependencies.job_context(run(timeout=timeout, job={"kind": kind}))
    assert context.timeout == (timeout or stack.settings.default_timeout(kind))


async def test_an_attempt_that_waits_for_compute_is_known_to_the_process(stack: Stack) -> None:
    context = stack.engine.dependencies.job_context(run())
    context.awaiting_compute.add(context.run_id)
    found = stack.engine.find_wait_reason(run(status="RUNNING"))
    assert found is not None
    assert found.waiting_for == "COMPUTE"
