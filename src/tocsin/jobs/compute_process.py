"""The processes that compute, seen from the server: the one that forks, and its forks."""

import asyncio
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import weakref
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tocsin import telemetry
from tocsin.ending import end_tasks
from tocsin.jobs import compute_child as child
from tocsin.jobs.compute_limits import Limit, LimitReached, Limits, ProcessEnded

START_SECONDS = 60.0
"""A process that has not loaded the jobs by then is given up."""
_KEPT = ("LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "PATH", "TZ")
"""Variables that computations may see. Everything else may be a secret."""
_SMALL = {"MALLOC_ARENA_MAX": "2", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Each thread of a library would cost address space, and none may be there when a process forks."""
_BEGIN = (
    "import json, sys; _, descriptor, path, modules = sys.argv; sys.path[:] = json.loads(path); "
    "from tocsin.jobs.compute_child import serve_forks; serve_forks(int(descriptor), json.loads(modules))"
)
_CRASHES = {signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSEGV}
_SLICE = 1024 * 1024
log = telemetry.logger(__name__)


class ForkServer:
    """A process that has loaded all jobs, and makes workers: in a millisecond each, with its memory in common."""

    def __init__(self, process: "subprocess.Popen[bytes]", control: socket.socket) -> None:
        self._process = process
        self._control = control
        self._end = weakref.finalize(self, _end, process, control)
        self._turn = asyncio.Lock()
        self._orders: set[asyncio.Task[tuple[int, int]]] = set()

    @classmethod
    async def start(cls, modules: Sequence[str]) -> "ForkServer":
        """Start it and wait until it has loaded these modules. Raises ProcessEnded."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            server = cls(_spawn(theirs.fileno(), modules), ours)
        try:
            async with asyncio.timeout(START_SECONDS):
                await _receive(ours, child.REPORT.size)
        except (OSError, EOFError, TimeoutError):
            await server.close()
            raise ProcessEnded("The process that was to do the work did not start.") from None
        except BaseException:
            await server.close()
            raise
        return server

    async def fork(self) -> "Worker":
        """Make a worker. Raises ProcessEnded if this process is no more."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        order = self._order(child.FORK, 0, theirs)
        try:
            pid, _ = await asyncio.shield(order)
        except BaseException:
            ours.close()  # a worker that is made all the same ends at once
            order.add_done_callback(self._reap_made)
            raise
        return Worker(self, pid, ours)

    def _reap_made(self, order: "asyncio.Task[tuple[int, int]]") -> None:
        if not order.cancelled() and order.exception() is None:
            self.reap(order.result()[0])

    async def wait(self, pid: int) -> int:
        """Wait for the end of a worker that has gone or been killed. Its status as os.waitpid has it."""
        return (await asyncio.shield(self._order(child.WAIT, pid)))[1]

    def reap(self, pid: int) -> None:
        """Do the same in the background: until then nothing else has this id."""
        self._order(child.WAIT, pid).add_done_callback(lambda order: order.cancelled() or order.exception())

    def _order(self, what: bytes, pid: int, given: socket.socket | None = None) -> "asyncio.Task[tuple[int, int]]":
        """Give an order and read the answer to it, whether or not the caller is still there."""
        order = asyncio.create_task(self._exchange(what, pid, given), name="compute-order")
        self._orders.add(order)
        order.add_done_callback(self._orders.discard)
        return order

    async def _exchange(self, what: bytes, pid: int, given: socket.socket | None) -> tuple[int, int]:
        try:
            async with self._turn:
                descriptors = [] if given is None else [given.fileno()]
                socket.send_fds(self._control, [child.ORDER.pack(what, pid)], descriptors)
                found: tuple[int, int] = child.REPORT.unpack(await _receive(self._control, child.REPORT.size))
                return found
        except (OSError, EOFError):
            raise ProcessEnded("The process that was to do the work could not be started.") from None
        except BaseException:
            self._process.kill()  # its answer would be taken for the one to the next order
            raise
        finally:
            if given is not None:
                given.close()

    async def close(self) -> None:
        """End it and all its workers."""
        await end_tasks(*self._orders)
        self._process.kill()
        await asyncio.to_thread(self._end)


class Worker:
    """A process that computes for one owner. `is_busy` while it works, and for good once it is to be used no more."""

    def __init__(self, server: ForkServer, pid: int, connection: socket.socket) -> None:
        self.pid = pid
        self.is_busy = False
        self.calls = 0
        self._server = server
        self._connection = connection
        weakref.finalize(self, connection.close)

    async def call(self, work: bytes, limits: Limits) -> Any:
        """Do the work: a pickled function and its arguments. Returns and raises what the function does, LimitReached
        and ProcessEnded.
        """
        self.is_busy = True
        self.calls += 1
        loop = asyncio.get_running_loop()
        try:
            await loop.sock_sendall(
                self._connection, child.CALL.pack(len(work), limits.memory, limits.answer, limits.seconds)
            )
            await loop.sock_sendall(self._connection, work)
            what, size = child.ANSWER.unpack(await _receive(self._connection, child.ANSWER.size))
            if size > max(limits.answer, _SLICE):
                raise LimitReached(Limit.SIZE, limits)
            payload = await _receive(self._connection, size)
        except (OSError, EOFError):
            raise await self._explain_end(limits) from None
        if what == child.NO_MEMORY:
            raise LimitReached(Limit.MEMORY, limits)
        self.is_busy = False
        return _open(what, payload, limits)

    async def _explain_end(self, limits: Limits) -> LimitReached | ProcessEnded:
        status = await self._server.wait(self.pid)
        ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        self.pid = 0
        log.warning("a process for computing has ended at its work", signal=ended_by, status=status)
        if ended_by == signal.SIGXCPU:
            return LimitReached(Limit.TIME, limits)
        if ended_by in _CRASHES or ended_by is None:
            return LimitReached(Limit.CRASH, limits)
        return ProcessEnded("The process that did the work ended before the work was done.")

    def is_alive(self) -> bool:
        """Tell whether it has not died while it was idle."""
        try:
            return bool(self._connection.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def end(self) -> None:
        """End it at once, whatever it does."""
        self.is_busy = True
        self._connection.close()
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self._server.reap(self.pid)
            self.pid = 0


def _end(process: "subprocess.Popen[bytes]", control: socket.socket) -> None:
    """Leave nothing behind, also when nobody has said that it is over. The kernel kills the workers with it."""
    control.close()
    process.kill()
    process.wait()


def _spawn(descriptor: int, modules: Sequence[str]) -> "subprocess.Popen[bytes]":
    arguments = [str(descriptor), json.dumps([str(Path(part).absolute()) for part in sys.path]), json.dumps(modules)]
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return subprocess.Popen(  # noqa: S603  ourselves
        [sys.executable, "-I", "-c", _BEGIN, *arguments],
        env=kept | _SMALL,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=(descriptor,),
        start_new_session=True,
    )


def _open(what: bytes, payload: bytearray, limits: Limits) -> Any:
    if what == child.TOO_LARGE:
        raise LimitReached(Limit.SIZE, limits)
    value = pickle.loads(payload)  # noqa: S301  ours
    if what == child.RAISED:
        raise value
    return value


async def _receive(connection: socket.socket, size: int) -> bytearray:
    """Read so many bytes, a slice at a time. Raises EOFError if there are fewer."""
    loop = asyncio.get_running_loop()
    received = bytearray(size)
    view = memoryview(received)
    while view:
        count = await loop.sock_recv_into(connection, view[:_SLICE])
        if not count:
            raise EOFError
        view = view[count:]
    return received
