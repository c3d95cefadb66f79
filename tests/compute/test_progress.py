"""Computations tell their progress: at once, but not too often, and the last time always."""

from dataclasses import replace
from typing import Any

import pytest

from tests.compute import computations as work
from tests.compute.test_pool import context, processes  # noqa: F401  # a fixture
from tocsin.compute.pool import ProcessPool
from tocsin.compute.progress import (
    BURST,
    MAX_TEXT_LENGTH,
    PER_SECOND,
    ProgressReporter,
    begin_reporting,
    end_reporting,
    report_progress,
)
from tocsin.jobs.base import Job, JobContext, Outcome, ParamsModel

Told = list[tuple[int, int, str | None]]


def test_a_quick_loop_is_told_in_part_and_its_end_always() -> None:
    told, now = Told(), [0.0]
    reporter = ProgressReporter(lambda *report: told.append(report), lambda: now[0])
    for number in range(1_000):
        now[0] += 0.001
        reporter.report(number, 1_000, None)
    assert [done for done, _, _ in told[:BURST]] == list(range(BURST))
    assert BURST + PER_SECOND - 1 <= len(told) <= BURST + PER_SECOND
    assert told[-1][0] < 999
    reporter.flush()
    reporter.flush()
    assert [done for done, _, _ in told].count(999) == 1


def test_what_is_told_slowly_is_told_at_once() -> None:
    told, now = Told(), [0.0]
    reporter = ProgressReporter(lambda *report: told.append(report), lambda: now[0])
    for number in range(100):
        now[0] += 1 / PER_SECOND
        reporter.report(number, 100, "x")
        assert told[-1] == (number, 100, "x")


def test_nothing_is_told_outside_of_a_computation() -> None:
    told = Told()
    report_progress(1, 2)
    begin_reporting(lambda *report: told.append(report))
    report_progress(1, 2, "x" * 1_000)
    end_reporting()
    report_progress(2, 2)
    assert told == [(1, 2, "x" * MAX_TEXT_LENGTH)]


@pytest.mark.parametrize("fails", [False, True])
async def test_a_computation_tells_from_its_process(processes: ProcessPool, fails: bool) -> None:  # noqa: F811
    told: list[Any] = []
    for _ in range(2):  # the process is used again
        told.clear()
        call = processes(work.tell, 100, fails, on_progress=lambda *report: told.append(report))
        if fails:
            with pytest.raises(ValueError, match="it fails"):
                await call
        else:
            assert await call == 100
        assert told[:BURST] == [(number, 100, f"part {number}") for number in range(BURST)]
        assert told[-1] == (99, 100, "part 99")
        assert len(told) < 60


async def test_a_computation_tells_nobody_if_nobody_asks(processes: ProcessPool) -> None:  # noqa: F811
    assert await processes(work.tell, 3, False) == 3


class TellJob(Job[ParamsModel]):
    """Tells its progress, and has a computation tell its own."""

    kind = "tell"
    Params = ParamsModel

    async def perform(self, _params: ParamsModel, context: JobContext) -> Outcome:
        context.progress(0, 2, "begin")
        await context.compute(work.tell, 2, False)
        context.progress(2, 2)
        return Outcome()


async def test_a_job_and_its_computation_tell_the_same(processes: ProcessPool) -> None:  # noqa: F811
    told: list[Any] = []
    given = replace(context(processes, 30.0), progress=lambda *report: told.append(report))
    assert (await TellJob().run_attempt({}, given)).error is None
    assert told == [(0, 2, "begin"), (0, 2, "part 0"), (1, 2, "part 1"), (2, 2)]
