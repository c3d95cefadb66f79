"""The child side of compute processes: a fork server, which loads all jobs and only forks, and its forks.

Each fork works for one owner at a time, within limits that the kernel enforces, and can die without harm to the others.
The processes are started without the environment of the server.
"""

import ctypes
import gc
import importlib
import json
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

from tocsin.compute.progress import begin_reporting, end_reporting

FORK_REQUEST = struct.Struct("!cq")
"""A request to the fork server: FORK or WAIT, and a process id. FORK comes with the socket for the new process."""
FORK_RESPONSE = struct.Struct("!qi")
"""The response of the fork server: a process id, and its exit status."""
FORK, WAIT = b"F", b"W"
CALL_HEADER = struct.Struct("!QQQQ")
"""A call of a worker: bytes of the work that follows, limits of memory and result in bytes, and of CPU seconds."""
RESULT_HEADER = struct.Struct("!cQ")
"""The response of a worker: the kind of result, and the bytes that follow."""
RETURNED, RAISED, OUT_OF_MEMORY, TOO_LARGE = b"R", b"E", b"M", b"L"
PROGRESS = b"P"
"""A message of a worker before its response, with the same header: how far it is, as a JSON list."""
MAX_PROGRESS_BYTES = 4096
NICENESS = 10
_PR_SET_PDEATHSIG = 1
_MAX_OOM_SCORE = "1000"
_EXIT_TIMEOUT = 1.0
"""Time for a process to exit after it has closed its socket. Then it is killed."""


def serve_forks(descriptor: int, modules: Sequence[str]) -> NoReturn:
    """Load the modules, then fork on request until the server exits."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # on Ctrl-C the server ends this process
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    control = socket.socket(fileno=descriptor)
    for module in modules:
        importlib.import_module(module)
    if "tocsin.jobs.registry" in sys.modules:
        for job in sys.modules["tocsin.jobs.registry"].load_jobs().values():
            job.preload()
    gc.collect()
    gc.freeze()  # the collector would write to memory pages that the forks share
    with suppress(ConnectionError):
        control.sendall(FORK_RESPONSE.pack(os.getpid(), 0))
        _serve_requests(control)
    os._exit(0)


def _serve_requests(control: socket.socket) -> None:
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
    children: set[int] = set()
    try:
        while True:
            request, descriptors, _, _ = socket.recv_fds(control, FORK_REQUEST.size, 1)
            if len(request) < FORK_REQUEST.size:
                return
            what, pid = FORK_REQUEST.unpack(request)
            if what == FORK:
                pid, status = _fork(control, descriptors[0], prctl), 0
                children.add(pid)
            else:
                status = _wait(pid)
                children.discard(pid)
            control.sendall(FORK_RESPONSE.pack(pid, status))
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
                Path("/proc/self/oom_score_adj").write_text(_MAX_OOM_SCORE)
            _serve_calls(socket.socket(fileno=descriptor))
    except (OSError, MemoryError):
        pass  # the server has exited, or has abandoned this work
    finally:
        os._exit(1)


def _wait(pid: int) -> int:
    until = time.monotonic() + _EXIT_TIMEOUT
    while time.monotonic() < until:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]


# --- a worker -------------------------------------------------------------------------------------------------------


def _serve_calls(connection: socket.socket) -> None:
    own = _address_space()
    while True:
        size, memory, largest, seconds = CALL_HEADER.unpack(_receive(connection, CALL_HEADER.size))
        _set_limits(own and own + memory, seconds)
        what, payload = _execute_call(connection, size, largest)
        connection.sendall(RESULT_HEADER.pack(what, len(payload)))
        connection.sendall(payload)
        if what == OUT_OF_MEMORY:
            return


def _address_space() -> int:
    """Return the address space of this process in bytes; 0 if the platform does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def _set_limits(memory: int, seconds: int) -> None:
    if memory:
        _set_limit(resource.RLIMIT_AS, memory)
    used = resource.getrusage(resource.RUSAGE_SELF)
    _set_limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + seconds + 1)


def _set_limit(what: int, wanted: int) -> None:
    """Set the soft limit, at most to the hard limit, which stays."""
    _, hard = resource.getrlimit(what)
    resource.setrlimit(what, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def _execute_call(connection: socket.socket, size: int, largest: int) -> tuple[bytes, bytes]:
    try:
        function, args = pickle.loads(_receive(connection, size))  # noqa: S301  from the server
        answer = pickle.dumps(_call(connection, function, args), pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        return (OUT_OF_MEMORY, b"") if _is_memory_error(error) else (RAISED, _pickle_error(error))
    return (RETURNED, answer) if len(answer) <= largest else (TOO_LARGE, b"")


def _call(connection: socket.socket, function: Callable[..., Any], args: Sequence[Any]) -> Any:
    """Call the function, and send the progress that it tells."""

    def send(*report: int | str | None) -> None:
        text = json.dumps(report).encode()
        connection.sendall(RESULT_HEADER.pack(PROGRESS, len(text)) + text)

    reporter = begin_reporting(send)
    try:
        return function(*args)
    finally:
        reporter.flush()
        end_reporting()


def _is_memory_error(error: Exception) -> bool:
    """Return whether the error means that memory ran out. C++ libraries raise other types for std::bad_alloc."""
    return isinstance(error, MemoryError) or "bad_alloc" in str(error)


def _pickle_error(error: Exception) -> bytes:
    """Pickle the error, or its repr if the error itself cannot be pickled."""
    try:
        sent = pickle.dumps(error)
        pickle.loads(sent)  # noqa: S301  pickled above
    except Exception:
        return pickle.dumps(RuntimeError(repr(error)[:1000]))
    return sent


def _receive(connection: socket.socket, size: int) -> Any:
    received = bytearray(size)
    view = memoryview(received)
    while view:
        count = connection.recv_into(view)
        if not count:
            os._exit(0)  # the server no longer needs this process
        view = view[count:]
    return received
