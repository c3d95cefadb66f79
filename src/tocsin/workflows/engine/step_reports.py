"""Reports of ended step runs, by which an advance need not read what this process has just stored.

A run whose outcome this process stores is reported with it. Of any other, which another process stores or which ends
without an attempt, its change record is all that tells of it, and only a hint. Each outcome of this process causes such
a hint as well.
"""

import asyncio
import math
import time
from collections.abc import Callable

from tocsin.documents import RunDocument, parent_of
from tocsin.workflows.engine.active_runs import outcome_of
from tocsin.workflows.engine.states import StepRunOutcome

HINT_DELAY = 0.1
"""Seconds in which a run is to be reported after a hint. The process that stored it advances its workflow run."""
_REMEMBERED = 5.0
"""Seconds for which a report is remembered: changes can reach this process late."""


class StepReports:
    """The reported outcomes of step runs, until an advance takes them.

    `on_unreported` is called with the id of a workflow run if one of its runs has ended that was not reported.
    """

    def __init__(self, on_unreported: Callable[[str], None]) -> None:
        self._on_unreported = on_unreported
        self._outcomes: dict[str, dict[str, StepRunOutcome]] = {}
        self._reported: dict[str, float] = {}
        self._hinted: dict[str, set[str]] = {}

    def add(self, run: RunDocument) -> None:
        """Add a settled run of a step."""
        now = time.monotonic()
        self._outcomes.setdefault(run["task"], {})[run["_id"]] = outcome_of(run)
        self._reported.pop(run["_id"], None)
        self._reported[run["_id"]] = now
        while now - self._reported[oldest := next(iter(self._reported))] > _REMEMBERED:
            del self._reported[oldest]

    def take(self, workflow_run: str) -> dict[str, StepRunOutcome]:
        """Return the outcomes of the runs of a workflow run that were reported since the last call."""
        return self._outcomes.pop(workflow_run, {})

    def hint(self, run_id: str) -> None:
        """Expect a report of this run soon."""
        if self._is_reported(run_id):
            return
        workflow_run = parent_of(run_id)
        if workflow_run not in self._hinted:
            asyncio.get_running_loop().call_later(HINT_DELAY, self._check, workflow_run)
        self._hinted.setdefault(workflow_run, set()).add(run_id)

    def _check(self, workflow_run: str) -> None:
        if not all(map(self._is_reported, self._hinted.pop(workflow_run))):
            self._on_unreported(workflow_run)

    def _is_reported(self, run_id: str) -> bool:
        return time.monotonic() - self._reported.get(run_id, -math.inf) <= _REMEMBERED
