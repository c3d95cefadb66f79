"""Free disk space of the database. When it is low, nothing new is accepted, so that runs can still be recorded."""

import asyncio

from pymongo.errors import PyMongoError

from tocsin import telemetry
from tocsin.config import Settings
from tocsin.documents import Database
from tocsin.embedded.disk import get_free_bytes
from tocsin.errors import StorageLow
from tocsin.quotas.limits import MEGABYTE

DISK_CHECK_SECONDS = 5.0
_LOW_MESSAGE = (
    "The disk of this server is nearly full ({free:,} MB are free), so nothing new is accepted. Saved tasks still run. "
    "Deleting and cancelling still work. Try again later, or ask the administrator to free disk space."
)
log = telemetry.get_logger(__name__)


class DiskMonitor:
    """Monitors free disk space. An external database server is asked about its file system."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings
        self._free = 0
        self.is_low = False

    async def refresh(self) -> None:
        """Read the free disk space. If the database is unavailable or does not report it, nothing changes."""
        floor = self._settings.min_free_disk * MEGABYTE
        free = await self._read_free_bytes()
        if free is None:
            return
        self._free = free
        telemetry.DISK_FREE.set(free)
        low = free < floor
        if low != self.is_low:
            say = log.error if low else log.info
            say("nothing new is accepted: the disk is nearly full" if low else "the disk has enough space again",
                free_mb=free // MEGABYTE, needed_mb=self._settings.min_free_disk)  # fmt: skip
        self.is_low = low
        telemetry.STORAGE_LOW.set(int(low))

    @property
    def free_megabytes(self) -> int | None:
        """Free disk space; None if it is not known."""
        return self._free // MEGABYTE or None

    @property
    def warning(self) -> str | None:
        """A warning for the operator; None while there is enough space."""
        return f"nearly full ({self._free // MEGABYTE} MB free): nothing new is accepted" if self.is_low else None

    def require_free_space(self) -> None:
        """Raise StorageLow while nothing new is accepted."""
        if self.is_low:
            raise StorageLow(_LOW_MESSAGE.format(free=self._free // MEGABYTE))

    async def _read_free_bytes(self) -> int | None:
        if self._settings.uses_embedded_database:
            return await asyncio.to_thread(get_free_bytes, self._settings.data_dir)
        try:
            stats = await self._database.db.command("dbStats")
        except PyMongoError:
            return None
        total, used = stats.get("fsTotalSize"), stats.get("fsUsedSize")
        return None if not total or used is None else int(total - used)
