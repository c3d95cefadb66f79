"""Queues of workflow runs to advance: owners take turns, each with a limited share of the slots."""

import asyncio
from collections import Counter, deque

from tocsin.documents import owner_of
from tocsin.fair_queue import FairQueue


class AdvanceQueue:
    """A queue of workflow runs, of which `concurrency` are advanced at a time, at most `share` of them of one owner.

    With `is_light`, workflow runs that are expensive to evaluate are passed on to another queue.
    """

    def __init__(self, concurrency: int, share: int, *, is_light: bool) -> None:
        self.concurrency = concurrency
        self.is_light = is_light
        self._share = share
        self._waiting: FairQueue[str] = FairQueue()
        self._busy: Counter[str] = Counter()
        self._count = 0
        self._idle: deque[asyncio.Future[None]] = deque()

    def push(self, workflow_run: str) -> None:
        """Queue a workflow run, unless it is already queued."""
        self._count += 1
        self._waiting.add(owner_of(workflow_run), workflow_run, self._count, workflow_run)
        self._wake_one()

    async def pop(self) -> str:
        """Wait for the next workflow run. Call `release` when it was advanced."""
        while (found := self._waiting.pop(lambda owner: self._busy[owner] < self._share)) is None:
            self._idle.append(turn := asyncio.get_running_loop().create_future())
            await turn
        owner, workflow_run = found
        self._busy[owner] += 1
        return workflow_run

    def release(self, workflow_run: str) -> None:
        """Release the slot of a workflow run."""
        self._busy -= Counter([owner_of(workflow_run)])
        self._wake_one()

    def _wake_one(self) -> None:
        """Let one slot look for work: there is one more workflow run that may be advanced, if any."""
        while self._idle:
            turn = self._idle.popleft()
            if not turn.done():
                turn.set_result(None)
                return
