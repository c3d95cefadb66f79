"""Large workflows are parsed, validated and written in other processes, with the same results."""

import json
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.harness import SECRETS
from tocsin import clock
from tocsin.compute.limits import ComputeLimit, ComputeLimitReached, ComputeLimits
from tocsin.compute.pool import ProcessPool
from tocsin.documents import Database
from tocsin.jobs.base import ComputeProcessEnded
from tocsin.jobs.registry import RegisteredJobs
from tocsin.outbound.guard import ALL_NETWORKS, ConnectionRules
from tocsin.outbound.recipient_rules import RecipientRules
from tocsin.workflows.language import offloaded_validation
from tocsin.workflows.language.definition import WorkflowDefinition
from tocsin.workflows.language.offloaded_validation import render_yaml, validate_object, validate_yaml
from tocsin.workflows.language.source import WorkflowInvalid
from tocsin.workflows.language.yaml_reader import parse_yaml
from tocsin.workflows.saving import save_validated

CATALOG = RegisteredJobs(ConnectionRules(ALL_NETWORKS, frozenset({25})), RecipientRules("owner", "alice@example.com"))
LONG = "x" * 5_000
VALID = f"name: w\ndescription: {LONG}\nsteps: [{{key: a, wait: PT1S}}]"
WRONG = f"name: w\ndescription: {LONG}\nsteps:\n- {{key: a, jub: http}}\n- {{key: b, job: http, params: {{url: no}}}}"


@pytest.fixture
async def processes() -> AsyncIterator[ProcessPool]:
    """Provide real processes."""
    made = ProcessPool()
    yield made
    await made.close()


class Noted:
    """A compute function that records its calls."""

    def __init__(self, processes: ProcessPool) -> None:
        self._processes = processes
        self.owners: list[str] = []

    async def __call__(self, function: Any, *args: Any, owner: str = "", **more: Any) -> Any:
        self.owners.append(owner)
        assert await self._processes(os.getpid, owner=owner) != os.getpid()
        return await self._processes(function, *args, owner=owner, **more)


async def test_a_large_workflow_is_read_elsewhere(processes: ProcessPool) -> None:
    compute = Noted(processes)
    found = await validate_yaml(VALID, clock.now(), CATALOG, compute, "alice")
    again = await validate_object(parse_yaml(VALID).data, clock.now(), CATALOG, compute, "alice")
    assert (
        found.definition
        == again.definition
        == WorkflowDefinition.model_validate(found.source.data).resolve_dependencies()
    )
    assert found.source.data["description"] == LONG
    assert compute.owners == ["alice", "alice"]
    small = VALID.replace(LONG, "small")
    await validate_yaml(small, clock.now(), CATALOG, compute, "alice")
    assert len(compute.owners) == 2


async def test_another_process_reports_the_same_faults(processes: ProcessPool) -> None:
    faults = []
    for compute in (processes, None):
        for check in (validate_yaml(WRONG, clock.now(), CATALOG, compute, "alice"),
                      validate_object(parse_yaml(WRONG).data, clock.now(), CATALOG, compute, "alice")):  # fmt: skip
            with pytest.raises(WorkflowInvalid) as caught:
                await check
            faults.append(caught.value.faults)
    assert (faults[0], faults[1]) == (faults[2], faults[3])
    assert faults[0][0].line == 4
    assert faults[1][0].line is None


async def test_a_text_that_is_too_long_or_no_yaml_is_a_fault(processes: ProcessPool) -> None:
    for text, message in (
        ("x" * 300_000, "The text has 300000 bytes; at most 262144 are allowed."),
        (VALID + "\n\t- {", "tab"),
        ("a: &a [" + "x," * 3_000 + "]\n" + "\n".join(f"b{n}: *a" for n in range(30)), "counting each alias"),
        (VALID + "\noutput: '" + "${{run}}" * 2_001 + "'", "has 2,001 expressions; at most 2,000 are allowed"),
    ):
        with pytest.raises(WorkflowInvalid) as caught:
            await validate_yaml(text, clock.now(), CATALOG, processes, "alice")
        assert message in str(caught.value)


@pytest.mark.parametrize(
    "error", [ComputeProcessEnded("It ended."), ComputeLimitReached(ComputeLimit.TIME, ComputeLimits())]
)
async def test_a_workflow_that_takes_too_long_to_check_is_a_fault(error: Exception) -> None:
    async def ending(*_: Any, **__: Any) -> Any:
        raise error

    with pytest.raises(WorkflowInvalid, match=f"could not be checked. {error} Split it"):
        await validate_yaml(VALID, clock.now(), CATALOG, ending, "alice")


async def test_a_large_workflow_is_written_elsewhere(processes: ProcessPool) -> None:
    compute, data = Noted(processes), parse_yaml(VALID).data
    text = await render_yaml(data, len(json.dumps(data)), compute, "alice")
    assert parse_yaml(text).data == data
    assert compute.owners == ["alice"]
    assert await render_yaml(data, offloaded_validation.MAX_INLINE_LENGTH, compute, "alice") == text


async def test_a_mask_in_a_large_workflow_is_reported_with_its_place(
    processes: ProcessPool, database: Database
) -> None:
    url = "https://example.com/"
    text = f"name: w\ndescription: {LONG}\nsteps:\n- {{key: a, job: http, params: {{url: '{url}', token: '***'}}}}"
    found = await validate_yaml(text, clock.now(), CATALOG, processes, "alice")
    with pytest.raises(WorkflowInvalid) as caught:
        await save_validated(database, SECRETS, "alice", found, clock.now())
    (fault,) = caught.value.faults
    assert (fault.path, fault.line) == (("steps", 0, "params", "token"), 4)
