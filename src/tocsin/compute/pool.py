"""A pool of processes for CPU-bound work, which would delay other runs in the event loop and its threads.

    answer = await processes(function, *args, owner=owner, limits=Limits(memory=64 * MEBIBYTE, seconds=2))

The function must be at module level. It is pickled with its arguments; what it returns or raises is passed back.
"""

import asyncio
import io
import os
import pickle
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from tocsin import telemetry
from tocsin.cancellation import end_tasks
from tocsin.compute.fork_server import ForkServer, Worker
from tocsin.compute.limits import DEFAULT, LARGEST_WORK, MEBIBYTE, Limit, LimitReached, Limits, ProcessEnded
from tocsin.config import Settings
from tocsin.fair_semaphore import OwnerTurns

Answer = TypeVar("Answer")
TRIES = 3
"""Attempts to get a process before the work is given up."""
IDLE_SECONDS = 10.0
"""Time after which an unused worker is ended, to free its memory."""
MODULES = (
    "tocsin.jobs.registry",
    "tocsin.workflows.language.offloaded_validation",
    "tocsin.workflows.engine.evaluation",
)
_MAX_BYTES_IN_LOOP = 64 * 1024
log = telemetry.logger(__name__)


class Processes:
    """Calls functions in other processes: at most `limit` at once, fairly between owners, each call within limits.

    A process serves a single owner, and is kept for that owner's next call. `modules` are loaded in advance.
    """

    def __init__(self, limit: int | None = None, limits: Limits = DEFAULT, modules: Sequence[str] = MODULES) -> None:
        places = limit or (os.cpu_count() or 1) + 1
        self.turns = OwnerTurns(places)
        self._limits = limits
        self._modules = modules
        self._idle: dict[str, Worker] = {}
        self._max_idle = places
        self._starting: asyncio.Task[ForkServer] | None = None

    @classmethod
    def of(cls, settings: Settings) -> "Processes":
        """Create the pool with the limits of the settings."""
        limits = Limits(settings.compute_memory * MEBIBYTE, settings.compute_seconds)
        return cls(settings.compute_processes, limits)

    def warm(self) -> None:
        """Start the fork server in the background, before it is needed."""
        if self._starting is None:
            self._starting = asyncio.create_task(ForkServer.start(self._modules), name="compute")

    async def close(self) -> None:
        """End all processes. Cancel running calls first."""
        starting, self._starting = self._starting, None
        if starting is None:
            return
        await end_tasks(starting)
        for owner in list(self._idle):
            self._idle.pop(owner).end()
        if not starting.cancelled() and starting.exception() is None:
            await starting.result().close()

    def has_idle(self, owner: str) -> bool:
        """Return whether an idle process is kept for this owner."""
        return owner in self._idle

    async def __call__(
        self,
        function: Callable[..., Answer],
        *args: Any,
        owner: str = "",
        limits: Limits | None = None,
        on_begin: Callable[[], None] = lambda: None,
    ) -> Answer:
        """Return what the function returns, or raise what it raises. The process is ended when the caller is cancelled.

        `on_begin` is called when the work begins. Raises LimitReached, and ProcessEnded for what another try may mend.
        """
        limits = limits or self._limits
        async with self.turns.take(owner):
            work = await _pickle_work((function, args), limits)
            worker = await self._get_worker(owner)
            on_begin()
            try:
                answer: Answer = await worker.call(work, limits)
            finally:
                self._keep_idle(owner, worker)
            return answer

    async def _get_worker(self, owner: str) -> Worker:
        """Return the owner's idle worker if it is still alive, or a new one."""
        kept = self._idle.pop(owner, None)
        if kept is not None and kept.is_alive():
            return kept
        if kept is not None:
            kept.end()
        for _ in range(TRIES):
            self.warm()
            if (starting := self._starting) is None:
                break
            server: ForkServer | None = None
            try:
                server = await asyncio.shield(starting)
                return await server.fork()
            except ProcessEnded:
                log.warning("the fork server of compute processes has died and is replaced")
                await self._replace(starting, server)
        raise ProcessEnded("The process for the work could not be started.")

    async def _replace(self, starting: "asyncio.Task[ForkServer]", server: ForkServer | None) -> None:
        """Make the next caller start another fork server. Of several callers who find it dead, the first does so."""
        if self._starting is starting:
            self._starting = None
            if server is not None:
                await server.close()

    def _keep_idle(self, owner: str, worker: Worker) -> None:
        """Keep the worker for the owner's next call, unless it has died or its work was abandoned."""
        if worker.is_busy or owner in self._idle:
            worker.end()
            return
        self._idle[owner] = worker
        if len(self._idle) > self._max_idle:
            self._idle.pop(next(iter(self._idle))).end()
        asyncio.get_running_loop().call_later(IDLE_SECONDS, self._end_idle, owner, worker, worker.calls)

    def _end_idle(self, owner: str, worker: Worker, calls: int) -> None:
        if self._idle.get(owner) is worker and worker.calls == calls:
            self._idle.pop(owner).end()


class _TooLarge(Exception):
    """The pickled work exceeds the limit."""


class _BoundedBuffer(io.BytesIO):
    def __init__(self, most: int) -> None:
        super().__init__()
        self._max_bytes = most

    def write(self, data: Any, /) -> int:
        if self.tell() + len(data) > self._max_bytes:
            raise _TooLarge
        return super().write(data)


class _PausingPickler(pickle.Pickler):
    """Runs some Python code for each value, so that its thread releases the interpreter lock."""

    def persistent_id(self, _value: Any) -> None:
        return None


async def _pickle_work(work: Any, limits: Limits) -> bytes:
    """Pickle the work: in the event loop if it is small, else in a thread. Raises LimitReached."""
    try:
        return _pickle_bounded(pickle.Pickler, work, _MAX_BYTES_IN_LOOP)
    except _TooLarge:
        pass
    try:
        return await asyncio.to_thread(_pickle_bounded, _PausingPickler, work, LARGEST_WORK)
    except _TooLarge:
        raise LimitReached(Limit.SIZE, limits) from None


def _pickle_bounded(pickler: type[pickle.Pickler], work: Any, most: int) -> bytes:
    out = _BoundedBuffer(most)
    pickler(out, pickle.HIGHEST_PROTOCOL).dump(work)
    return out.getvalue()
