"""Supervision of one run of the server until it ends, or is killed because it hangs."""

import asyncio
from pathlib import Path

import structlog

from tocsin.cancellation import cancel_and_wait
from tocsin.embedded import disk, heartbeat
from tocsin.embedded.server_process import ServerProcess

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def watch_server(child: ServerProcess, port: int, directory: Path) -> str | None:
    """Wait until the server has ended, and return what prevents a restart, None if nothing does."""
    guards = [
        asyncio.create_task(_kill_when_hung(child, port), name="embedded-database-heartbeat"),
        asyncio.create_task(disk.watch_free_space(directory), name="embedded-database-disk"),
    ]
    try:
        code = await child.wait_until_ended()
    finally:
        await cancel_and_wait(*guards)
    if child.is_disk_full:
        return await disk.report_full_disk(directory)
    log.error("the embedded database died", exit_code=code, output=list(child.last_lines))
    return None


async def _kill_when_hung(child: ServerProcess, port: int) -> None:
    """Send SIGKILL, which also ends a stopped process. The next start recovers acknowledged writes from the log."""
    silent = await heartbeat.wait_until_hung(port, child.pid)
    log.error("the embedded database hangs and is restarted", pid=child.pid, silent_s=round(silent))
    child.kill()
