"""A backup is consistent, whatever is written during the copy."""

import asyncio
import os
import random
import signal
import sys
from pathlib import Path
from typing import Any

from tests.backups.helpers import back_up, fill, restore
from tests.harness import wait_until
from tocsin import documents
from tocsin.backups.archive import verify_backup
from tocsin.documents import Database
from tocsin.embedded import EmbeddedDatabase


async def test_a_backup_has_the_state_of_one_moment(database: Database, empty: Database, tmp_path: Path) -> None:
    """Write to one document, then to another, in steps: the second is never ahead, nor two steps behind."""
    await fill(database, 800)
    pairs, enough = 8, asyncio.Event()
    chance = random.Random(7)

    async def write(number: int) -> None:
        first, second = f"first {number}", f"second {number}"
        step = 0
        while not enough.is_set():
            step += 1
            for collection, document_id in ((database.tasks, first), (database.db["zoo"], second)):
                change: dict[str, Any] = {"$set": {"step": step}}
                if step % 7 == 0:
                    await collection.delete_one({"_id": document_id})
                elif step % 3:
                    change["$push"] = {"steps": {"$each": [step, {"s": step}], "$slice": -chance.randint(1, 6)}}
                    await collection.update_one({"_id": document_id}, change, upsert=True)
                else:
                    change = {"$replaceWith": {"$mergeObjects": ["$$ROOT", {"step": step, "steps": [step]}]}}
                    await collection.update_one({"_id": document_id}, [change], upsert=True)

    writers = [asyncio.create_task(write(number)) for number in range(pairs)]
    await asyncio.sleep(0.2)
    path = tmp_path / "busy.backup"
    summary = await back_up(database, path)
    enough.set()
    await asyncio.gather(*writers)
    assert summary.changes > 50

    await restore(empty, path)
    for number in range(pairs):
        one, other = await found(empty, "tasks", f"first {number}"), await found(empty, "zoo", f"second {number}")
        assert 0 <= ahead(one, other) <= 1, (one, other)


async def found(database: Database, collection: str, document_id: str) -> dict[str, Any]:
    return await database.db[collection].find_one({"_id": document_id}) or {"step": None}


def ahead(one: dict[str, Any], other: dict[str, Any]) -> int:
    """Return the number of steps in a document, which every seventh step deletes."""
    if one == other or one["step"] == other["step"]:
        return 0
    if one["step"] is None:
        return 1 if other["step"] % 7 == 6 else 9
    if other["step"] is None:
        return 1 if one["step"] % 7 == 1 else 9
    return int(one["step"] - other["step"])


async def test_a_database_that_dies_during_the_backup_is_copied_once_it_is_back(tmp_path: Path) -> None:
    server = EmbeddedDatabase(tmp_path / "data")
    await server.start()
    try:
        opened = await documents.connect(server.uri, "tocsin", alone=True)
        await fill(opened, 500)
        await opened.close()
        path = tmp_path / "a.backup"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tocsin", "backup", str(path), cwd=tmp_path, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "TOCSIN_DATA_DIR": str(tmp_path / "data")},
        )  # fmt: skip
        await wait_until(lambda: asyncio.sleep(0, path.with_name("a.backup.part").exists()), 30)
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        _, printed = await process.communicate()
        assert process.returncode == 0, printed.decode()
        assert verify_backup(path)[1].documents["runs"] == 500
    finally:
        await server.stop()
