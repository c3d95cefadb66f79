"""The free disk space of an embedded database and of a database server."""

from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from structlog.testing import capture_logs

from tests.harness import make_settings
from tocsin.documents import Database
from tocsin.errors import StorageLow
from tocsin.quotas import disk_monitor
from tocsin.quotas.disk_monitor import DiskMonitor
from tocsin.quotas.limits import MEGABYTE

MORE_THAN_ANY_DISK = 1_000_000_000  # MB


def monitor(database: Database, path: Path, floor: int = 0, **changes: Any) -> DiskMonitor:
    return DiskMonitor(database, make_settings(data_dir=path, min_free_disk=floor, **changes))


async def test_with_enough_space_everything_is_accepted(database: Database, tmp_path: Path) -> None:
    disk = monitor(database, tmp_path)
    await disk.refresh()
    disk.require_free_space()
    assert (disk.is_low, disk.warning) == (False, None)


async def test_below_the_floor_nothing_new_is_accepted(database: Database, tmp_path: Path) -> None:
    disk = monitor(database, tmp_path, MORE_THAN_ANY_DISK)
    disk.require_free_space()  # nothing is known yet
    await disk.refresh()
    with pytest.raises(StorageLow, match=r"nearly full \([\d,]+ MB are free\), so nothing new is accepted"):
        disk.require_free_space()
    assert disk.warning is not None
    assert "nothing new is accepted" in disk.warning


async def test_each_change_is_logged_once(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = [100 * MEGABYTE, 100 * MEGABYTE - 1, 0, 100 * MEGABYTE, 101 * MEGABYTE]
    monkeypatch.setattr(disk_monitor, "get_free_bytes", lambda _: free.pop(0))
    disk = monitor(database, tmp_path, 100)
    with capture_logs() as logs:
        while free:
            await disk.refresh()
    assert [(line["log_level"], line["event"]) for line in logs] == [
        ("error", "nothing new is accepted: the disk is nearly full"),
        ("info", "the disk has enough space again"),
    ]


async def test_a_database_server_is_asked_about_its_disk(database: Database, tmp_path: Path) -> None:
    stats = await database.db.command("dbStats")
    disk = monitor(database, tmp_path / "not used", MORE_THAN_ANY_DISK, mongodb_uri="mongodb://db.test")
    await disk.refresh()
    assert disk.is_low is ("fsTotalSize" in stats)


async def test_while_the_database_cannot_be_asked_nothing_changes(database: Database, tmp_path: Path) -> None:
    closed = AsyncMongoClient[Any](database.uri)
    await closed.close()
    disk = monitor(Database(closed, closed["x"], "", "x"), tmp_path, mongodb_uri="mongodb://db.test")
    disk.is_low = True
    await disk.refresh()
    assert disk.is_low
