"""A backup is restored as it was, into an empty database only."""

from pathlib import Path

import pytest

from tests.backups.helpers import back_up, content, fill, restore
from tocsin import backups, clock, documents
from tocsin.backups import BackupError
from tocsin.backups.archive import verify_backup
from tocsin.documents import Database
from tocsin.documents.schema_version import UnfinishedRestore


async def test_all_documents_are_restored_unchanged(database: Database, empty: Database, tmp_path: Path) -> None:
    await fill(database, 3000)
    await database.workers.insert_one({"_id": "server", "until": clock.now()})
    path = tmp_path / "a.backup"
    summary = await back_up(database, path)
    assert summary.documents["runs"] == 3000
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["a.backup"]

    await restore(empty, path)
    assert await content(empty) == await content(database)
    assert await empty.workers.find_one({}) is None


async def test_a_database_with_data_is_not_overwritten(database: Database, empty: Database, tmp_path: Path) -> None:
    await fill(database, 10)
    path = tmp_path / "a.backup"
    await back_up(database, path)
    before = await content(database)
    with pytest.raises(BackupError, match=r"has data \(users\)"):
        await restore(database, path)
    assert await content(database) == before

    until = clock.now() + 60 * 1000 * clock.MILLISECOND
    await empty.workers.insert_one({"_id": "server-1", "until": until})
    with pytest.raises(BackupError, match=r"in use by server-1"):
        await restore(empty, path)


async def test_an_interrupted_restore_starts_over(database: Database, empty: Database, tmp_path: Path) -> None:
    await fill(database, 10)
    path = tmp_path / "a.backup"
    await back_up(database, path)
    header, _ = verify_backup(path)

    def break_off() -> None:
        raise OSError("killed")

    with pytest.raises(OSError, match="killed"):
        await backups.restore_backup(empty.db, path, header, break_off)
    await empty.db["users"].insert_one({"_id": "half"})
    with pytest.raises(UnfinishedRestore):
        await documents.connect(empty.uri, empty.name)

    await restore(empty, path)
    assert await content(empty) == await content(database)
    await (await documents.connect(empty.uri, empty.name)).close()


@pytest.mark.long
async def test_a_long_history_is_restored_completely(database: Database, empty: Database, tmp_path: Path) -> None:
    runs = 100_000
    await fill(database, runs)
    summary = await back_up(database, tmp_path / "a.backup")
    assert (summary.documents["runs"], summary.documents["response_bodies"]) == (runs, 2 * runs)
    await restore(empty, tmp_path / "a.backup")
    assert await empty.runs.count_documents({}) == runs
    assert await empty.response_bodies.count_documents({}) == 2 * runs
