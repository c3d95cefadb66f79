"""Supervision of the server: it is restarted whenever it ends, and killed when it hangs."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from tocsin.cancellation import cancel_and_wait
from tocsin.embedded import disk, heartbeat
from tocsin.embedded.server_process import ServerProcess
from tocsin.errors import EmbeddedDatabaseError
from tocsin.periodic import Periodic
from tocsin.telemetry import DATABASE_RESTARTS

FIRST_RESTART_DELAY = 0.1
MAX_RESTART_DELAY = 5.0
STABLE_SECONDS = 10.0
SPACE_POLL_SECONDS = 1.0

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Supervisor:
    """Restarts the server whenever it ends. `launch` starts it on the same port, where clients expect it.

    `restarts` counts the restarts; `problem` is the reason why the server cannot run at present.
    """

    def __init__(self, directory: Path, launch: Callable[[], Awaitable[ServerProcess]]) -> None:
        self.restarts = 0
        self.problem: str | None = None
        self._directory, self._launch = directory, launch
        self._task: asyncio.Task[None] | None = None

    def start(self, child: ServerProcess) -> None:
        """Supervise this server and those that follow it."""
        self._task = asyncio.create_task(self._supervise(child), name="embedded-database")

    async def stop(self) -> bool:
        """Stop supervising, and return whether that had begun. The server goes on."""
        task, self._task = self._task, None
        await cancel_and_wait(task)
        return task is not None

    async def _supervise(self, child: ServerProcess) -> None:
        loop, wait = asyncio.get_running_loop(), FIRST_RESTART_DELAY / 2
        while True:
            began = loop.time()
            self.problem = await self._watch(child)
            wait = FIRST_RESTART_DELAY if loop.time() - began > STABLE_SECONDS else _increase(wait)
            child, wait = await self._restart(wait)

    async def _watch(self, child: ServerProcess) -> str | None:
        """Wait until the server has ended, and return what prevents a restart, None if nothing does."""
        guard = asyncio.create_task(_kill_when_hung(child), name="embedded-database-heartbeat")
        space = disk.FreeSpaceWatch(self._directory)
        checks = Periodic("embedded-database-disk", space.check, disk.CHECK_SECONDS, first_delay=0.0)
        checks.start()
        try:
            code = await child.wait_until_ended()
        finally:
            await cancel_and_wait(guard)
            await checks.stop()
        if child.is_disk_full:
            return await disk.report_full_disk(self._directory)
        log.error("the embedded database died", exit_code=code, output=list(child.last_lines))
        return None

    async def _restart(self, wait: float) -> tuple[ServerProcess, float]:
        """Try to restart the server until it listens, and return it with the last wait in seconds."""
        while True:
            await asyncio.sleep(wait)
            if self.problem is not None and not await self._has_space():
                wait = SPACE_POLL_SECONDS
                continue
            try:
                child = await self._launch()
            except (EmbeddedDatabaseError, OSError) as error:
                wait = _increase(wait)
                await self._log_failure(error, wait)
                continue
            self.restarts += 1
            self.problem = None
            DATABASE_RESTARTS.inc()
            log.info("the embedded database is back", pid=child.pid, port=child.port, restarts=self.restarts)
            return child, wait

    async def _has_space(self) -> bool:
        return await asyncio.to_thread(disk.get_free_bytes, self._directory) >= disk.REQUIRED_FREE_BYTES

    async def _log_failure(self, error: Exception, wait: float) -> None:
        """Log why a start failed. A full disk is reported once, however many starts fail because of it."""
        if not disk.is_disk_full_message(str(error)):
            log.warning("the embedded database could not be restarted", error=str(error), next_try_s=wait)
        elif self.problem is None:
            self.problem = await disk.report_full_disk(self._directory)


async def _kill_when_hung(child: ServerProcess) -> None:
    """Send SIGKILL, which also ends a stopped process. The next start recovers acknowledged writes from the log."""
    silent = await heartbeat.wait_until_hung(child.port or 0, child.pid)
    log.error("the embedded database hangs and is restarted", pid=child.pid, silent_s=round(silent))
    child.kill()


def _increase(wait: float) -> float:
    return min(2 * wait, MAX_RESTART_DELAY)
