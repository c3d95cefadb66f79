"""The disk below the data directory: whether it is full, and how much must be free for the database to run."""

import asyncio
import shutil
from pathlib import Path

import structlog

MEGABYTE = 2**20
NEEDED = 64 * MEGABYTE
"""Bytes that must be free before a database that met a full disk starts again: it writes two log files at first."""
SCARCE = 256 * MEGABYTE
"""Bytes below which the operator is warned."""
LOOK_SECONDS = 60.0
FULL = "the disk is full"
_SIGNS = (FULL, "no space left on device", "disk quota exceeded", "not enough space on the disk")

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def says_full(text: str) -> bool:
    """Tell whether the server, or an error of the system, speaks of a full disk."""
    lowered = text.lower()
    return any(sign in lowered for sign in _SIGNS)


def free_bytes(directory: Path) -> int:
    """Bytes that may still be written; plenty where the system does not tell."""
    try:
        return shutil.disk_usage(directory).free
    except OSError:
        return SCARCE


async def warn_when_scarce(directory: Path) -> None:
    """Warns once each time that the disk is about to fill. Runs until cancelled."""
    warned = False
    while True:
        free = await asyncio.to_thread(free_bytes, directory)
        if free < SCARCE and not warned:
            log.warning("the disk is nearly full", directory=str(directory), free_mb=free // MEGABYTE)
        warned = free < SCARCE
        await asyncio.sleep(LOOK_SECONDS)


async def report_full(directory: Path) -> str:
    """Tells the operator that the disk is full, and how much the database waits for; the trouble in short."""
    free = await asyncio.to_thread(free_bytes, directory)
    log.error(
        "the disk is full, the embedded database waits for free space",
        directory=str(directory),
        free_mb=free // MEGABYTE,
        needed_mb=NEEDED // MEGABYTE,
    )
    return FULL
