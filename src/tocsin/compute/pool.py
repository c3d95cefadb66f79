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
from tocsin.cancellation import cancel_and_wait
from tocsin.compute.fork_server import ComputeWorker, ForkServer
from tocsin.compute.limits import (
    DEFAULT_LIMITS,
    MAX_CALL_BYTES,
    MEBIBYTE,
    ComputeLimit,
    ComputeLimitReached,
    ComputeLimits,
    ComputeProcessEnded,
)
from tocsin.compute.progress import ignore_progress
from tocsin.config import Settings
from tocsin.fair_semaphore import FairSemaphore

Answer = TypeVar("Answer")
MAX_FORK_TRIES = 3
"""Attempts to get a process before the work is given up."""
IDLE_TIMEOUT = 10.0
"""Time after which an unused worker is ended, to free its memory."""
PRELOADED_MODULES = (
    "tocsin.jobs.registry",
    "tocsin.workflows.language.offloaded_validation",
    "tocsin.workflows.engine.evaluation",
)
_MAX_BYTES_IN_LOOP = 64 * 1024
log = telemetry.get_logger(__name__)


class ProcessPool:
    """Calls functions in other processes: at most `limit` at once, fairly between owners, each call within limits.

    A process serves a single owner, and is kept for that owner's next call. `modules` are loaded in advance.
    """

    def __init__(
        self,
        limit: int | None = None,
        limits: ComputeLimits = DEFAULT_LIMITS,
        modules: Sequence[str] = PRELOADED_MODULES,
    ) -> None:
        places = limit or (os.cpu_count() or 1) + 1
        self.slots = FairSemaphore(places)
        self._limits = limits
        self._modules = modules
        self._idle: dict[str, ComputeWorker] = {}
        self._max_idle = places
        self._starting: asyncio.Task[ForkServer] | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> "ProcessPool":
        """Create the pool with the limits of the settings."""
        limits = ComputeLimits(settings.compute_memory * MEBIBYTE, settings.compute_seconds)
        return cls(settings.compute_processes, limits)

    def start_fork_server(self) -> None:
        """Start the fork server in the background, before it is needed."""
        if self._starting is None:
            self._starting = asyncio.create_task(ForkServer.start(self._modules), name="compute")

    async def close(self) -> None:
        """End all processes. Cancel running calls first."""
        starting, self._starting = self._starting, None
        if starting is None:
            return
        await cancel_and_wait(starting)
        for owner in list(self._idle):
            self._idle.pop(owner).kill()
        if not starting.cancelled() and starting.exception() is None:
            await starting.result().close()

    def has_idle_worker(self, owner: str) -> bool:
        """Return whether an idle process is kept for this owner."""
        return owner in self._idle

    async def __call__(
        self,
        function: Callable[..., Answer],
        *args: Any,
        owner: str = "",
        limits: ComputeLimits | None = None,
        on_begin: Callable[[], None] = lambda: None,
        on_progress: Callable[[int, int, str | None], None] = ignore_progress,
    ) -> Answer:
        """Return what the function returns, or raise what it raises. The process is ended when the caller is cancelled.

        `on_begin` is called when the work begins, `on_progress` with the progress that it tells. Raises
        ComputeLimitReached, or ComputeProcessEnded if another try may succeed.
        """
        limits = limits or self._limits
        async with self.slots.acquire(owner):
            work = await _pickle_work((function, args), limits)
            worker = await self._get_worker(owner)
            on_begin()
            try:
                answer: Answer = await worker.call(work, limits, on_progress)
            finally:
                self._keep_idle(owner, worker)
            return answer

    async def _get_worker(self, owner: str) -> ComputeWorker:
        """Return the owner's idle worker if it is still alive, or a new one."""
        kept = self._idle.pop(owner, None)
        if kept is not None and kept.is_alive():
            return kept
        if kept is not None:
            kept.kill()
        for _ in range(MAX_FORK_TRIES):
            self.start_fork_server()
            if (starting := self._starting) is None:
                break
            server: ForkServer | None = None
            try:
                server = await asyncio.shield(starting)
                return await server.fork()
            except ComputeProcessEnded:
                log.warning("the fork server of compute processes has died and is replaced")
                await self._replace(starting, server)
        raise ComputeProcessEnded("The process for the work could not be started.")

    async def _replace(self, starting: "asyncio.Task[ForkServer]", server: ForkServer | None) -> None:
        """Make the next caller start another fork server. Of several callers who find it dead, the first does so."""
        if self._starting is starting:
            self._starting = None
            if server is not None:
                await server.close()

    def _keep_idle(self, owner: str, worker: ComputeWorker) -> None:
        """Keep the worker for the owner's next call, unless it has died or its work was abandoned."""
        if worker.is_busy or owner in self._idle:
            worker.kill()
            return
        self._idle[owner] = worker
        if len(self._idle) > self._max_idle:
            self._idle.pop(next(iter(self._idle))).kill()
        asyncio.get_running_loop().call_later(IDLE_TIMEOUT, self._end_idle, owner, worker, worker.call_count)

    def _end_idle(self, owner: str, worker: ComputeWorker, calls: int) -> None:
        if self._idle.get(owner) is worker and worker.call_count == calls:
            self._idle.pop(owner).kill()


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


async def _pickle_work(work: Any, limits: ComputeLimits) -> bytes:
    """Pickle the work: in the event loop if it is small, else in a thread. Raises ComputeLimitReached."""
    try:
        return _pickle_bounded(pickle.Pickler, work, _MAX_BYTES_IN_LOOP)
    except _TooLarge:
        pass
    try:
        return await asyncio.to_thread(_pickle_bounded, _PausingPickler, work, MAX_CALL_BYTES)
    except _TooLarge:
        raise ComputeLimitReached(ComputeLimit.SIZE, limits) from None


def _pickle_bounded(pickler: type[pickle.Pickler], work: Any, most: int) -> bytes:
    out = _BoundedBuffer(most)
    pickler(out, pickle.HIGHEST_PROTOCOL).dump(work)
    return out.getvalue()
