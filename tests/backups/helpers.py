"""Backups of a filled database."""

from pathlib import Path
from typing import Any

from bson import ObjectId

from tocsin import backups, clock
from tocsin.backups import BackupHeader, BackupSummary
from tocsin.backups.archive import BackupWriter, verify_backup
from tocsin.backups.create import create_backup
from tocsin.backups.database_reader import SKIPPED_COLLECTIONS
from tocsin.documents import Database, ResponseBodyDocument
from tocsin.documents.file_bucket import FileBucket
from tocsin.documents.schema_version import latest_version

HEADER = BackupHeader(latest_version(), "0.1.0", clock.EPOCH)


async def back_up(database: Database, path: Path) -> BackupSummary:
    with BackupWriter(path) as writer:
        return await create_backup(database.db, HEADER, writer)


async def restore(database: Database, path: Path) -> None:
    header, _ = verify_backup(path)
    await backups.restore_backup(database.db, path, header, lambda: None)


async def content(database: Database) -> dict[str, list[dict[str, Any]]]:
    names = set(await database.db.list_collection_names()) - SKIPPED_COLLECTIONS
    found = {name: await database.db[name].find({}).to_list() for name in names}
    return {name: sorted(all_, key=lambda one: repr(one["_id"])) for name, all_ in found.items() if all_}


async def fill(database: Database, runs: int) -> str:
    """Store a user with a hundred days of runs, their responses, and a file."""
    owner = str(ObjectId())
    await database.db["users"].insert_one({"_id": owner, "email": "a@b.c"})
    now = clock.now()
    made = [
        {
            "_id": f"{owner}/t:{number}",
            "owner": owner,
            "created_at": now - (runs - number) ** 2 * clock.MILLISECOND,
            "attempts": [{"number": 1}, {"number": 2}],
            "n": number,
        }
        for number in range(runs)
    ]
    await database.db["runs"].insert_many(made)
    bodies: list[ResponseBodyDocument] = [
        {"_id": f"{run['_id']}#{number}", "text": "x" * 50} for run in made for number in (1, 2)
    ]
    await database.response_bodies.insert_many(bodies)
    await FileBucket(database).put(owner, "run", "report.csv", "text/csv", b"z" * 600_000)
    return owner
