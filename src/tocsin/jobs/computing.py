"""Work that burns processor time, in processes of its own: the event loop and its threads have other runs to start."""

import asyncio
import contextlib
import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from tocsin import telemetry
from tocsin.ending import end_tasks
from tocsin.jobs.base import ProcessEnded

Answer = TypeVar("Answer")
START_SECONDS = 60.0
"""A process that has not loaded the jobs by then is given up."""
TRIES = 3
"""Processes in a row that may end before they have begun the work."""
_KILL: int = getattr(signal, "SIGKILL", signal.SIGTERM)
log = telemetry.logger(__name__)


class Processes:
    """Calls functions in other processes, at most one for each core at once. They are kept for the next call."""

    def __init__(self, limit: int | None = None) -> None:
        self._slots = asyncio.Semaphore(limit or os.cpu_count() or 1)
        self._idle: list[_Process] = []
        self._working = 0
        self._spare: asyncio.Task[_Process] | None = None

    def warm(self) -> None:
        """Have a process ready before it is needed. It starts in the background."""
        if not self._idle and not self._working:
            self._make_spare()

    def _make_spare(self) -> None:
        if self._spare is None:
            self._spare = asyncio.create_task(_Process.start(), name="compute")

    async def close(self) -> None:
        """End all processes. Work that is under way is to be cancelled before."""
        spare, self._spare = self._spare, None
        if spare is not None and not spare.cancel() and spare.exception() is None:
            self._idle.append(spare.result())
        await end_tasks(spare)
        for process in self._idle:
            process.end()
        self._idle.clear()

    async def __call__(
        self, function: Callable[..., Answer], *args: Any, on_begin: Callable[[], None] = lambda: None
    ) -> Answer:
        """Return what the function returns, or raise what it raises. The process is ended when the caller is cancelled.

        `on_begin` is called when a process is free and has loaded what it needs. Raises ProcessEnded.
        """
        work = pickle.dumps((function, args))
        async with self._slots:
            self._working += 1
            try:
                process = await self._prepared(function)
                on_begin()
                answer: Answer = await self._work(process, work)
            finally:
                self._working -= 1
            return answer

    async def _work(self, process: "_Process", work: bytes) -> Any:
        try:
            return await process.call(_work, work)
        except BrokenProcessPool:
            raise ProcessEnded("The process that did the work ended before the work was done.") from None
        finally:
            self._keep(process)

    async def _prepared(self, function: Callable[..., Any]) -> "_Process":
        """A process that has loaded this function. One that has died meanwhile is replaced."""
        for _ in range(TRIES):
            process: _Process | None = None
            try:
                process = self._idle.pop() if self._idle else await self._started()
                await process.call(_load, pickle.dumps(function))
            except BrokenProcessPool:
                log.warning("a process for computing has died and is replaced")
            except BaseException:
                if process is not None:
                    self._keep(process)
                raise
            else:
                return process
        raise ProcessEnded("The process that was to do the work could not be started.")

    async def _started(self) -> "_Process":
        starting, self._spare = self._spare or asyncio.create_task(_Process.start(), name="compute"), None
        try:
            async with asyncio.timeout(START_SECONDS):
                return await asyncio.shield(starting)
        except TimeoutError:
            raise ProcessEnded("The process that was to do the work did not start in time.") from None
        finally:
            if not starting.done() and self._spare is None:
                self._spare = starting  # for the next call

    def _keep(self, process: "_Process") -> None:
        """For the next call, unless it has died or its work was given up: then another one is made ready."""
        if process.busy:
            process.end()
            self._make_spare()
        else:
            self._idle.append(process)


class _Process:
    """One process. `busy` is true while it works, and for good once it has died or its caller has gone."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._executor = ProcessPoolExecutor(1, context, _begin)
        self.pid = 0
        self.busy = False

    @classmethod
    async def start(cls) -> "_Process":
        """A new process that has loaded all jobs. Raises BrokenProcessPool."""
        process = await asyncio.to_thread(cls)
        try:
            process.pid = await process.call(os.getpid)
            await process.call(_load_jobs)
        except BaseException:
            process.end()
            raise
        return process

    async def call(self, function: Callable[..., Answer], *args: Any) -> Answer:
        """Return what the function returns, or raise that; BrokenProcessPool if the process ends meanwhile."""
        self.busy = True
        try:
            if self.pid:
                answer = await asyncio.wrap_future(self._executor.submit(function, *args))
            else:  # this starts the process
                answer = await asyncio.wrap_future(await asyncio.to_thread(self._executor.submit, function, *args))
        except (BrokenProcessPool, asyncio.CancelledError):
            raise
        except BaseException:
            self.busy = False
            raise
        self.busy = False
        return answer

    def end(self) -> None:
        """End the process at once, whatever it does."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, _KILL)
        self._executor.shutdown(wait=False, cancel_futures=True)


# --- in the process -------------------------------------------------------------------------------------------------


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this process
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _load_jobs() -> None:
    from tocsin.jobs import registry

    registry.all_jobs()


def _load(function: bytes) -> None:
    pickle.loads(function)  # noqa: S301  ours


def _work(work: bytes) -> Any:
    function, args = pickle.loads(work)  # noqa: S301  ours
    try:
        return function(*args)
    except Exception as error:
        raise _portable(error) from error


def _portable(error: Exception) -> Exception:
    """The error, if it can be sent; one that cannot would end the process."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  ours
    except Exception:
        return RuntimeError(repr(error))
    return error
