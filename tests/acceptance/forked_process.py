"""A server that is forked from a process that has loaded Tocsin: loading it takes most of the time of a start.

It is a process of its own in all else. `tests/acceptance/test_newcomer.py` starts servers by their command.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping
from multiprocessing import get_context
from pathlib import Path

_context = get_context("forkserver")
_context.set_forkserver_preload(["tocsin.__main__", "tocsin.web.server"])
_POLL_SECONDS = 0.02


class ForkedProcess:
    """`tocsin serve`, with the methods of `asyncio.subprocess.Process` that the tests use."""

    def __init__(self, directory: Path, environment: Mapping[str, str], log: Path) -> None:
        arguments = (directory, dict(environment), log)
        self._process = _context.Process(target=_serve, args=arguments, daemon=True)

    @classmethod
    async def start(cls, directory: Path, environment: Mapping[str, str], log: Path) -> "ForkedProcess":
        """Start a server that writes what it prints to the end of `log`."""
        forked = cls(directory, environment, log)
        await asyncio.to_thread(forked._process.start)
        return forked

    @property
    def pid(self) -> int:
        """The process ID."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.exitcode

    async def wait(self) -> int:
        """Wait for its end and return the exit code."""
        while (code := self.returncode) is None:
            await asyncio.sleep(_POLL_SECONDS)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Send SIGKILL, unless it has ended."""
        self.send_signal(signal.SIGKILL)


def _serve(directory: Path, environment: Mapping[str, str], log: Path) -> None:
    from tocsin.__main__ import main

    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    with log.open("ab") as file:
        for descriptor in (1, 2):
            os.dup2(file.fileno(), descriptor)
    sys.argv = ["tocsin", "serve"]
    main()
