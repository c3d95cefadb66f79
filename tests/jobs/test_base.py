"""An attempt of any job: what its failures become, and the defaults that a job may rely on."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.harness import FILE_MAIL_TRANSPORT, SECRETS, UNUSED
from tocsin.clock import EPOCH
from tocsin.compute.limits import DEFAULT_LIMITS, ComputeLimit
from tocsin.documents import ErrorKind
from tocsin.errors import InvalidInput
from tocsin.jobs.base import (
    AttemptError,
    ComputeLimitReached,
    ComputeProcessEnded,
    Job,
    JobContext,
    Outcome,
    ParamsModel,
    SaveContext,
)

CONTEXT = JobContext("alice/t:1", "alice", EPOCH, 1, 5.0, SECRETS, UNUSED, UNUSED, FILE_MAIL_TRANSPORT, UNUSED, UNUSED)


class CountParams(ParamsModel):
    count: int
    note: str = ""


class CountJob(Job[CountParams]):
    """Does what the test says, and needs an extra above 1,000."""

    kind = "count"
    Params = CountParams

    def __init__(self, work: Callable[[], Awaitable[Outcome]] | None = None) -> None:
        self._work = work

    def find_missing_extra(self, given: Mapping[str, Any]) -> str | None:
        return "reports" if given.get("count") == 1000 else None

    def find_secret_paths(self, given: Mapping[str, Any]) -> list[tuple[str, ...]]:
        return [("note",)]

    async def perform(self, params: CountParams, context: JobContext) -> Outcome:
        return Outcome(result=params.count) if self._work is None else await self._work()


async def attempt(work: Callable[[], Awaitable[Outcome]], timeout: float = 5.0) -> AttemptError:
    outcome = await CountJob(work).run_attempt({"count": 1}, replace(CONTEXT, timeout=timeout))
    assert outcome.error is not None
    return outcome.error


async def test_the_outcome_of_the_work_is_that_of_the_attempt() -> None:
    assert await CountJob().run_attempt({"count": 5}, CONTEXT) == Outcome(result=5)


async def test_work_that_takes_too_long_is_stopped_and_tried_again() -> None:
    stopped = asyncio.Event()

    async def work() -> Outcome:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            stopped.set()
        raise AssertionError

    error = await attempt(work, timeout=0.01)
    assert stopped.is_set()
    assert error.message == "The job did not finish within 0.01 seconds."
    assert (error.kind, error.retryable) == (ErrorKind.TIMEOUT, True)


async def test_a_limit_of_a_computation_is_final_and_a_process_that_was_killed_is_not() -> None:
    async def exceed() -> Outcome:
        raise ComputeLimitReached(ComputeLimit.TIME, DEFAULT_LIMITS)

    async def end() -> Outcome:
        raise ComputeProcessEnded("It was killed.")

    limit, ended = await attempt(exceed), await attempt(end)
    assert (limit.kind, limit.retryable) == (ErrorKind.COMPUTE_LIMIT, False)
    assert "TOCSIN_COMPUTE_SECONDS" in (limit.hint or "")
    assert (ended.kind, ended.message, ended.retryable) == (ErrorKind.JOB, "It was killed.", True)


async def test_a_bug_in_the_work_is_not_hidden() -> None:
    async def divide() -> Outcome:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await attempt(divide)


@pytest.mark.parametrize(
    ("stored", "kind", "words"),
    [
        ({"count": "many"}, ErrorKind.BAD_PARAMS, "count"),
        ({"count": 1, "cuont": 2}, ErrorKind.BAD_PARAMS, "cuont"),
        ({"count": 1000}, ErrorKind.JOB, "needs the extra reports"),
    ],
)
async def test_stored_parameters_that_no_longer_hold_fail_for_good(
    stored: dict[str, Any], kind: ErrorKind, words: str
) -> None:
    outcome = await CountJob().run_attempt(stored, CONTEXT)
    assert outcome.error is not None
    assert (outcome.error.kind, outcome.error.retryable) == (kind, False)
    assert words in outcome.error.message


def test_what_was_not_given_is_not_stored() -> None:
    saving = SaveContext("alice", SECRETS)
    assert CountJob().prepare({"count": 5}, saving) == {"count": 5}
    with pytest.raises(InvalidInput) as caught:
        CountJob().prepare({"count": "many"}, saving)
    assert caught.value.path == ("count",)


def test_a_secret_is_kept_while_all_other_parameters_stay() -> None:
    job = CountJob()
    assert job.find_secrets_destination({"count": 5, "note": "a"}) == job.find_secrets_destination({"count": 5})
    assert job.find_secrets_destination({"count": 5}) != job.find_secrets_destination({"count": 6})
    assert job.find_secrets_destination({"count": "${{ inputs.count }}", "note": "a"}) is None
    assert job.find_secrets_destination({"count": 5, "note": "${{ inputs.note }}"}) is not None
