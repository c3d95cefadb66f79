"""The processes that compute, seen from inside. The first one loads all jobs and only forks; each fork works for one
owner at a time, within limits that the kernel enforces, and can be lost without harm to the others.

Nothing of the server's environment is in them: they are started without it.
"""

import ctypes
import gc
import importlib
import os
import pickle
import resource
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

ORDER = struct.Struct("!cq")
"""To the fork server: what to do, and for which process. With FORK comes the socket for the new process."""
REPORT = struct.Struct("!qi")
"""From the fork server: a process, and the status with which it ended."""
FORK, WAIT = b"F", b"W"
CALL = struct.Struct("!QQQQ")
"""To a worker: bytes of the work that follows, of memory, of the answer; seconds of processor time."""
ANSWER = struct.Struct("!cQ")
"""From a worker: what became of the work, and the bytes that follow."""
RETURNED, RAISED, NO_MEMORY, TOO_LARGE = b"R", b"E", b"M", b"L"
NICENESS = 10
_PR_SET_PDEATHSIG = 1
_MOST_OOM_SCORE = "1000"
_END_SECONDS = 1.0
"""A process that has closed its socket and is not gone by then is killed."""


def serve_forks(descriptor: int, modules: Sequence[str]) -> NoReturn:
    """Load what computations need, then fork as often as asked, until the server has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this process
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    control = socket.socket(fileno=descriptor)
    for module in modules:
        importlib.import_module(module)
    if "tocsin.jobs.registry" in sys.modules:
        for job in sys.modules["tocsin.jobs.registry"].all_jobs().values():
            job.preload()
    gc.collect()
    gc.freeze()  # the collector would write to pages that the forks share
    with suppress(ConnectionError):
        control.sendall(REPORT.pack(os.getpid(), 0))
        _obey(control)
    os._exit(0)


def _obey(control: socket.socket) -> None:
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
    children: set[int] = set()
    try:
        while True:
            order, descriptors, _, _ = socket.recv_fds(control, ORDER.size, 1)
            if len(order) < ORDER.size:
                return
            what, pid = ORDER.unpack(order)
            if what == FORK:
                pid, status = _fork(control, descriptors[0], prctl), 0
                children.add(pid)
            else:
                status = _wait(pid)
                children.discard(pid)
            control.sendall(REPORT.pack(pid, status))
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)


def _fork(control: socket.socket, descriptor: int, prctl: Callable[..., int] | None) -> int:
    parent = os.getpid()
    if pid := os.fork():
        os.close(descriptor)
        return pid
    try:
        control.close()
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() == parent:
            with suppress(OSError):
                Path("/proc/self/oom_score_adj").write_text(_MOST_OOM_SCORE)
            _work(socket.socket(fileno=descriptor))
    except (OSError, MemoryError):
        pass  # the server has ended, or has given this work up
    finally:
        os._exit(1)


def _wait(pid: int) -> int:
    until = time.monotonic() + _END_SECONDS
    while time.monotonic() < until:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]


# --- a worker -------------------------------------------------------------------------------------------------------


def _work(connection: socket.socket) -> None:
    own = _address_space()
    while True:
        size, memory, largest, seconds = CALL.unpack(_receive(connection, CALL.size))
        _set_limits(own and own + memory, seconds)
        what, payload = _answer(connection, size, largest)
        connection.sendall(ANSWER.pack(what, len(payload)))
        connection.sendall(payload)
        if what == NO_MEMORY:
            return


def _address_space() -> int:
    """Bytes of this process; 0 if that cannot be known here."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def _set_limits(memory: int, seconds: int) -> None:
    if memory:
        _limit(resource.RLIMIT_AS, memory)
    used = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + seconds + 1)


def _limit(what: int, wanted: int) -> None:
    """Set a limit. The hard one stays, and may be less."""
    _, hard = resource.getrlimit(what)
    resource.setrlimit(what, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def _answer(connection: socket.socket, size: int, largest: int) -> tuple[bytes, bytes]:
    try:
        function, args = pickle.loads(_receive(connection, size))  # noqa: S301  the server's
        answer = pickle.dumps(function(*args), pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        return (NO_MEMORY, b"") if _is_of_memory(error) else (RAISED, _portable(error))
    return (RETURNED, answer) if len(answer) <= largest else (TOO_LARGE, b"")


def _is_of_memory(error: Exception) -> bool:
    """Tell whether memory was lacking. Libraries in C++ say it in their own words."""
    return isinstance(error, MemoryError) or "bad_alloc" in str(error)


def _portable(error: Exception) -> bytes:
    """The error as it can be sent."""
    try:
        sent = pickle.dumps(error)
        pickle.loads(sent)  # noqa: S301  ours
    except Exception:
        return pickle.dumps(RuntimeError(repr(error)[:1000]))
    return sent


def _receive(connection: socket.socket, size: int) -> Any:
    received = bytearray(size)
    view = memoryview(received)
    while view:
        count = connection.recv_into(view)
        if not count:
            os._exit(0)  # the server needs this process no more
        view = view[count:]
    return received
