"""Free space on the disk of the data directory."""

import asyncio
import shutil
from pathlib import Path

import structlog

MEGABYTE = 2**20
REQUIRED_FREE_BYTES = 64 * MEGABYTE
"""Free bytes required to restart a database after a full disk: it begins by writing two log files."""
LOW_FREE_BYTES = 256 * MEGABYTE
"""Free bytes below which the operator is warned."""
CHECK_SECONDS = 60.0
DISK_FULL = "the disk is full"
_SIGNS = (DISK_FULL, "no space left on device", "disk quota exceeded", "not enough space on the disk")

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def is_disk_full_message(text: str) -> bool:
    """Tell whether a message of the server or the system reports a full disk."""
    lowered = text.lower()
    return any(sign in lowered for sign in _SIGNS)


def get_free_bytes(directory: Path) -> int:
    """Return the free bytes, or a sufficient number where the system does not tell."""
    try:
        return shutil.disk_usage(directory).free
    except OSError:
        return LOW_FREE_BYTES


class FreeSpaceWatch:
    """Warns each time that free space becomes scarce."""

    def __init__(self, directory: Path) -> None:
        self._directory, self._is_scarce = directory, False

    async def check(self) -> None:
        """Log a warning if space has become scarce since the last check."""
        free = await asyncio.to_thread(get_free_bytes, self._directory)
        if free < LOW_FREE_BYTES and not self._is_scarce:
            log.warning("the disk is nearly full", directory=str(self._directory), free_mb=free // MEGABYTE)
        self._is_scarce = free < LOW_FREE_BYTES


async def report_full_disk(directory: Path) -> str:
    """Log that the disk is full and how much space the database waits for, and return the reason in short."""
    free = await asyncio.to_thread(get_free_bytes, directory)
    log.error(
        "the disk is full, the embedded database waits for free space",
        directory=str(directory),
        free_mb=free // MEGABYTE,
        needed_mb=REQUIRED_FREE_BYTES // MEGABYTE,
    )
    return DISK_FULL
