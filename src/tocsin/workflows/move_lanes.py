"""Workflow runs that wait to be moved on: owners take turns, and none has more than a part of the movers."""

import asyncio
from collections import Counter

from tocsin.documents import owner_of
from tocsin.fair_queue import FairQueue


class MoveLane:
    """Runs that a number of movers take one by one. `share` is how many of one owner are moved at once.

    `at_once` tells whether a value that takes long to evaluate is left to another lane.
    """

    def __init__(self, movers: int, share: int, *, at_once: bool) -> None:
        self.movers = movers
        self.at_once = at_once
        self._share = share
        self._waiting: FairQueue[str] = FairQueue()
        self._busy: Counter[str] = Counter()
        self._count = 0
        self._woken = asyncio.Event()

    def add(self, workflow_run: str) -> None:
        """Have this run moved; once, however often it is asked for until then."""
        self._count += 1
        self._waiting.add(owner_of(workflow_run), workflow_run, self._count, workflow_run)
        self._woken.set()

    async def next(self) -> str:
        """The next run. Give it back by `end`."""
        while (found := self._waiting.pop(lambda owner: self._busy[owner] < self._share)) is None:
            self._woken.clear()
            await self._woken.wait()
        owner, workflow_run = found
        self._busy[owner] += 1
        return workflow_run

    def end(self, workflow_run: str) -> None:
        """The run was moved."""
        self._busy -= Counter([owner_of(workflow_run)])
        self._woken.set()
