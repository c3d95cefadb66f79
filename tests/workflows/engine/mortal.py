"""A runner whose process crashes between two writes."""

from typing import Any

from tests.harness import Stack
from tocsin.quotas.meter import UsageMeter
from tocsin.workflows.engine.runner import WorkflowRunner
from tocsin.workflows.engine.step_runs import StepRuns


class Died(Exception):  # a crash, not an error
    """The process crashed here."""


class Boundaries:
    """The points between two writes, counted over all of them. The process crashes at the last of `left`."""

    def __init__(self, left: int) -> None:
        self.left = left

    def cross(self) -> None:
        """Die if this is the last boundary."""
        self.left -= 1
        if self.left == 0:
            raise Died


class MortalRunner(WorkflowRunner):
    """A runner whose process crashes at a boundary: before and after it writes, and when it creates runs."""

    def __init__(self, stack: Stack, boundary: int) -> None:
        mails = stack.make_runner()._approval_mails
        super().__init__(stack.database, stack.versions, mails, stack.engine.transport, stack.wakeups)
        self._boundaries = Boundaries(boundary)
        self._step_runs = MortalStepRuns(stack, self._boundaries)

    async def _write(self, *args: Any) -> bool:
        self._boundaries.cross()
        written = await super()._write(*args)
        self._boundaries.cross()
        return written


class MortalStepRuns(StepRuns):
    """Step runs whose process crashes at a boundary: when runs are inserted, and when all is done."""

    def __init__(self, stack: Stack, boundaries: Boundaries) -> None:
        super().__init__(stack.database, stack.engine.transport, stack.wakeups, UsageMeter())
        self._boundaries = boundaries

    async def create(self, *args: Any) -> None:
        """Create runs, and cross a boundary."""
        await super().create(*args)
        self._boundaries.cross()

    async def _insert(self, *args: Any) -> set[int]:
        existing = await super()._insert(*args)
        self._boundaries.cross()
        return existing
