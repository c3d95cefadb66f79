"""One run of the server program, from its start to its end."""

import asyncio
import ctypes
import os
import re
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

import structlog

from tocsin.embedded import disk
from tocsin.embedded.data_directory import HOST, DataPaths

Durability = Literal["process", "power"]
STOP_SECONDS = 5.0
REPORT_INTERVAL_SECONDS = 1.0
MAX_LINE_LENGTH = 4096
PANIC = "WT_PANIC"  # afterwards the server keeps listening, but refuses every command
CHECKPOINT_CONFIG = "checkpoint=(wait=60,log_size=32MB)"  # without them the log is never trimmed: 1 GB in 15 minutes
PROCESS_DURABILITY_CONFIG = "transaction_sync=(enabled=true,method=none)"
# Without these, data that was read stays resident. MIMALLOC_DISALLOW_ARENA_ALLOC costs a third more CPU time.
MEMORY_ENVIRONMENT = {"MALLOC_ARENA_MAX": "2", "MIMALLOC_PURGE_DELAY": "0", "MIMALLOC_ARENA_PURGE_MULT": "1"}
SYSTEM_VARIABLES = ("SYSTEMROOT",) if sys.platform == "win32" else ()
PR_SET_PDEATHSIG = 1
_LISTENING = re.compile(r"listening on 127\.0\.0\.1:([0-9]+)")

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def build_command(
    binary: Path, paths: DataPaths, *, port: int, durability: Durability, authenticate: bool
) -> list[str]:
    """Build the command line. With the default log files, it would take 2 GB of disk and 19 s to restart."""
    fixed = ["--log-file-max", "16MB", "--cache-size", "256M", "--log-level", "WARNING"]
    where = ["--config", str(paths.config), "--storage-path", str(paths.storage)]
    flags = ["--sync-on-commit"] * (durability == "power") + ["--auth"] * authenticate
    return [str(binary), *where, "--host", HOST, "--port", str(port), *fixed, *flags]


def build_environment(durability: Durability) -> dict[str, str]:
    """Build the child's environment, without the keys and passwords in ours.

    Without one of the two durabilities, kill -9 loses acknowledged writes.
    """
    needed = {name: os.environ[name] for name in SYSTEM_VARIABLES if name in os.environ}
    engine = [CHECKPOINT_CONFIG] + [PROCESS_DURABILITY_CONFIG] * (durability == "process")
    return {**needed, **MEMORY_ENVIRONMENT, "SECANTUS_WT_CONFIG_EXTRA": ",".join(engine)}


class ServerProcess:
    """A running server program, whose output is read continuously so that it never blocks."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.pid = process.pid
        self.port: int | None = None
        self.last_lines: deque[str] = deque(maxlen=20)
        self.is_disk_full = False
        self._process = process
        self._line = b""
        self._quiet_until = 0.0
        self._listens_or_ended = asyncio.Event()
        self._reader = asyncio.create_task(self._read_output(), name="embedded-database-output")

    @classmethod
    async def spawn(cls, arguments: list[str], variables: Mapping[str, str]) -> "ServerProcess":
        """Start the program. Raises OSError if that is impossible."""
        return cls(
            await asyncio.create_subprocess_exec(
                *arguments,
                env=variables,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,  # the terminal's Ctrl-C is for Tocsin, which stops the database last
                preexec_fn=_make_preexec(),
            )
        )

    @property
    def has_ended(self) -> bool:
        """True once the program has ended."""
        return self._process.returncode is not None

    async def wait_until_listening(self) -> int | None:
        """Wait until the server listens or ends, and return its port, or None if it ended."""
        await self._listens_or_ended.wait()
        return self.port

    async def wait_until_ended(self) -> int:
        """Wait until the program has ended and its output is read, and return the exit code."""
        await asyncio.shield(self._reader)
        return await self._process.wait()

    async def stop(self) -> None:
        """Send SIGTERM, after 5 seconds SIGKILL, and wait for the end."""
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self.wait_until_ended()
        except TimeoutError:
            log.warning("the embedded database does not stop and is killed", pid=self.pid)
        finally:
            self.kill()
            await self.wait_until_ended()

    def kill(self) -> None:
        """Send SIGKILL, unless the program has ended."""
        if not self.has_ended:
            with suppress(ProcessLookupError):
                self._process.kill()

    def _signal(self, number: signal.Signals) -> None:
        if not self.has_ended:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def _read_output(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 (given by PIPE)
        try:
            while chunk := await self._process.stdout.read(65_536):
                *lines, self._line = (self._line + chunk).split(b"\n")
                for line in lines:
                    self._handle_line(line.decode("utf-8", "replace").rstrip()[:MAX_LINE_LENGTH])
                self._line = self._line[:MAX_LINE_LENGTH]
        finally:
            if self._line:
                self._handle_line(self._line.decode("utf-8", "replace"))
            self._listens_or_ended.set()

    def _handle_line(self, line: str) -> None:
        if match := _LISTENING.search(line):
            self.port = int(match[1])
            self._listens_or_ended.set()
            return
        self.last_lines.append(line)
        if disk.is_disk_full_message(line):
            self.is_disk_full = True
            self.kill()
        elif PANIC in line:
            self.kill()
        self._log_error(line)

    def _log_error(self, line: str) -> None:
        """Log the errors of a running server, at most one line per second. The supervisor reports a full disk."""
        if self.is_disk_full:
            return
        now = asyncio.get_running_loop().time()
        if self.port is None or "ERROR" not in line or now < self._quiet_until:
            return
        self._quiet_until = now + REPORT_INTERVAL_SECONDS
        log.warning("the embedded database reports an error", pid=self.pid, line=line)


def _make_preexec() -> Callable[[], None] | None:
    """Return the function with which the child asks Linux for SIGTERM at its parent's end (prctl(2)).

    To the kernel the parent is the thread that forked, so only the main thread may do this. Elsewhere the next start
    ends the orphan.
    """
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != parent:  # it ended before the call
            os._exit(1)

    return ask
