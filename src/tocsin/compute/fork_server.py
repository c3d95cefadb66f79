"""The server side of compute processes: the fork server, and its workers."""

import asyncio
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tocsin import telemetry
from tocsin.cancellation import cancel_and_wait
from tocsin.compute import child
from tocsin.compute.limits import ComputeLimit, ComputeLimitReached, ComputeLimits, ComputeProcessEnded
from tocsin.compute.progress import ignore_progress

START_TIMEOUT = 60.0
"""Time for the fork server to load the jobs."""
_PASSED_VARIABLES = ("LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "PATH", "TZ")
"""Environment variables that computations may see. Any other may be a secret."""
_SINGLE_THREADED = {"MALLOC_ARENA_MAX": "2", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Keeps libraries from starting threads, which use address space and must not exist when a process forks."""
_BOOTSTRAP = (
    "import json, sys; _, descriptor, path, modules = sys.argv; sys.path[:] = json.loads(path); "
    "from tocsin.compute.child import serve_forks; serve_forks(int(descriptor), json.loads(modules))"
)
_CRASH_SIGNALS = {signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSEGV}
_CHUNK_BYTES = 1024 * 1024
log = telemetry.get_logger(__name__)


class ForkServer:
    """A process that has loaded all jobs and forks workers: each takes a millisecond and shares its memory."""

    def __init__(self, process: "subprocess.Popen[bytes]", control: socket.socket) -> None:
        self._process = process
        self._control = control
        self._finalizer = weakref.finalize(self, _kill_fork_server, process, control)
        self._lock = asyncio.Lock()
        self._requests: set[asyncio.Task[tuple[int, int]]] = set()

    @classmethod
    async def start(cls, modules: Sequence[str]) -> "ForkServer":
        """Start the process and wait until it has loaded these modules. Raises ComputeProcessEnded."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            server = cls(_spawn(theirs.fileno(), modules), ours)
        try:
            async with asyncio.timeout(START_TIMEOUT):
                await _receive(ours, child.FORK_RESPONSE.size)
        except (OSError, EOFError, TimeoutError):
            await server.close()
            raise ComputeProcessEnded("The process for the work did not start.") from None
        except BaseException:
            await server.close()
            raise
        return server

    async def fork(self) -> "ComputeWorker":
        """Fork a worker. Raises ComputeProcessEnded if the fork server has died."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        request = self._send_request(child.FORK, 0, theirs)
        try:
            pid, _ = await asyncio.shield(request)
        except BaseException:
            ours.close()  # a worker that is forked nevertheless exits at once
            request.add_done_callback(self._reap_forked)
            raise
        return ComputeWorker(self, pid, ours)

    def _reap_forked(self, request: "asyncio.Task[tuple[int, int]]") -> None:
        if not request.cancelled() and request.exception() is None:
            self.reap(request.result()[0])

    async def wait(self, pid: int) -> int:
        """Wait for a worker that has exited or been killed. Returns its status, like os.waitpid."""
        return (await asyncio.shield(self._send_request(child.WAIT, pid)))[1]

    def reap(self, pid: int) -> None:
        """Wait for the worker in the background. Its process id is not reused until then."""
        self._send_request(child.WAIT, pid).add_done_callback(
            lambda request: request.cancelled() or request.exception()
        )

    def _send_request(
        self, what: bytes, pid: int, given: socket.socket | None = None
    ) -> "asyncio.Task[tuple[int, int]]":
        """Send a request and read the response, even if the caller is cancelled meanwhile."""
        request = asyncio.create_task(self._exchange(what, pid, given), name="compute-request")
        self._requests.add(request)
        request.add_done_callback(self._requests.discard)
        return request

    async def _exchange(self, what: bytes, pid: int, given: socket.socket | None) -> tuple[int, int]:
        try:
            async with self._lock:
                descriptors = [] if given is None else [given.fileno()]
                socket.send_fds(self._control, [child.FORK_REQUEST.pack(what, pid)], descriptors)
                found: tuple[int, int] = child.FORK_RESPONSE.unpack(
                    await _receive(self._control, child.FORK_RESPONSE.size)
                )
                return found
        except (OSError, EOFError):
            raise ComputeProcessEnded("The process for the work could not be started.") from None
        except BaseException:
            self._process.kill()  # its response would be read as that to the next request
            raise
        finally:
            if given is not None:
                given.close()

    async def close(self) -> None:
        """End the fork server and all its workers."""
        await cancel_and_wait(*self._requests)
        self._process.kill()
        await asyncio.to_thread(self._finalizer)


class ComputeWorker:
    """A process that computes for one owner. `is_busy` while it works, and forever once it must not be used again."""

    def __init__(self, server: ForkServer, pid: int, connection: socket.socket) -> None:
        self.pid = pid
        self.is_busy = False
        self.call_count = 0
        self._server = server
        self._connection = connection
        weakref.finalize(self, connection.close)

    async def call(
        self,
        work: bytes,
        limits: ComputeLimits,
        on_progress: Callable[[int, int, str | None], None] = ignore_progress,
    ) -> Any:
        """Call a pickled function with its arguments. Returns what it returns and raises what it raises.

        `on_progress` is called with the progress that it tells. Also raises ComputeLimitReached and
        ComputeProcessEnded.
        """
        self.is_busy = True
        self.call_count += 1
        loop = asyncio.get_running_loop()
        try:
            await loop.sock_sendall(
                self._connection,
                child.CALL_HEADER.pack(len(work), limits.memory_bytes, limits.result_bytes, limits.cpu_seconds),
            )
            await loop.sock_sendall(self._connection, work)
            what, size = await self._receive_header(on_progress)
            if size > max(limits.result_bytes, _CHUNK_BYTES):
                raise ComputeLimitReached(ComputeLimit.SIZE, limits)
            payload = await _receive(self._connection, size)
        except (OSError, EOFError):
            raise await self._explain_end(limits) from None
        if what == child.OUT_OF_MEMORY:
            raise ComputeLimitReached(ComputeLimit.MEMORY, limits)
        self.is_busy = False
        return _load_result(what, payload, limits)

    async def _receive_header(self, on_progress: Callable[[int, int, str | None], None]) -> tuple[bytes, int]:
        """Return the header of the response, after all progress that was told before."""
        while True:
            what, size = child.RESULT_HEADER.unpack(await _receive(self._connection, child.RESULT_HEADER.size))
            if what != child.PROGRESS or size > child.MAX_PROGRESS_BYTES:
                return what, size
            on_progress(*json.loads(await _receive(self._connection, size)))

    async def _explain_end(self, limits: ComputeLimits) -> ComputeLimitReached | ComputeProcessEnded:
        status = await self._server.wait(self.pid)
        ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        self.pid = 0
        log.warning("a compute process ended during its work", signal=ended_by, status=status)
        if ended_by == signal.SIGXCPU:
            return ComputeLimitReached(ComputeLimit.TIME, limits)
        if ended_by in _CRASH_SIGNALS or ended_by is None:
            return ComputeLimitReached(ComputeLimit.CRASH, limits)
        return ComputeProcessEnded("The process that did the work ended before it finished.")

    def is_alive(self) -> bool:
        """Return whether the process is still alive after being idle."""
        try:
            return bool(self._connection.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def kill(self) -> None:
        """Kill the process."""
        self.is_busy = True
        self._connection.close()
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self._server.reap(self.pid)
            self.pid = 0


def _kill_fork_server(process: "subprocess.Popen[bytes]", control: socket.socket) -> None:
    """Kill the fork server, even if nobody has closed it. The kernel then kills its workers."""
    control.close()
    process.kill()
    process.wait()


def _spawn(descriptor: int, modules: Sequence[str]) -> "subprocess.Popen[bytes]":
    arguments = [str(descriptor), json.dumps([str(Path(part).absolute()) for part in sys.path]), json.dumps(modules)]
    kept = {name: os.environ[name] for name in _PASSED_VARIABLES if name in os.environ}
    return subprocess.Popen(  # noqa: S603  our own interpreter
        [sys.executable, "-I", "-c", _BOOTSTRAP, *arguments],
        env=kept | _SINGLE_THREADED,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=(descriptor,),
        start_new_session=True,
    )


def _load_result(what: bytes, payload: bytearray, limits: ComputeLimits) -> Any:
    if what == child.TOO_LARGE:
        raise ComputeLimitReached(ComputeLimit.SIZE, limits)
    value = pickle.loads(payload)  # noqa: S301  from our own process
    if what == child.RAISED:
        raise value
    return value


async def _receive(connection: socket.socket, size: int) -> bytearray:
    """Read `size` bytes, a slice at a time. Raises EOFError if there are fewer."""
    loop = asyncio.get_running_loop()
    received = bytearray(size)
    view = memoryview(received)
    while view:
        count = await loop.sock_recv_into(connection, view[:_CHUNK_BYTES])
        if not count:
            raise EOFError
        view = view[count:]
    return received
