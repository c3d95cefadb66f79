"""A backup is consistent, whatever is written during the copy, and an incomplete file is refused."""

import asyncio
import gzip
import os
import random
import signal
import struct
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

import bson
import pytest
from bson import ObjectId

from tests.harness import wait_until
from tocsin import backups, clock, documents
from tocsin.backups import BackupError, BackupHeader, BackupSummary
from tocsin.backups.archive import MAGIC, BackupWriter, verify_backup
from tocsin.backups.create import create_backup
from tocsin.backups.database_reader import SKIPPED_COLLECTIONS, read_collections
from tocsin.documents import Database, ResponseBodyDocument
from tocsin.documents.file_bucket import FileBucket
from tocsin.documents.schema_version import UnfinishedRestore
from tocsin.embedded import EmbeddedDatabase

HEADER = BackupHeader(1, "0.1.0", clock.EPOCH)


@pytest.fixture
async def empty(mongodb_uri: str) -> AsyncIterator[Database]:
    """Yield an empty database to restore into."""
    opened = await documents.connect(mongodb_uri, f"test_{uuid4().hex[:12]}")
    yield opened
    await opened.client.drop_database(opened.name)
    await opened.close()


async def make(database: Database, path: Path) -> BackupSummary:
    with BackupWriter(path) as writer:
        return await create_backup(database.db, HEADER, writer)


async def put_back(database: Database, path: Path) -> None:
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


async def test_everything_comes_back_as_it_was(database: Database, empty: Database, tmp_path: Path) -> None:
    await fill(database, 3000)
    await database.workers.insert_one({"_id": "server", "until": clock.now()})
    path = tmp_path / "a.backup"
    summary = await make(database, path)
    assert summary.documents["runs"] == 3000
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["a.backup"]

    await put_back(empty, path)
    assert await content(empty) == await content(database)
    assert await empty.workers.find_one({}) is None


async def test_it_is_the_database_of_one_moment(database: Database, empty: Database, tmp_path: Path) -> None:
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
    summary = await make(database, path)
    enough.set()
    await asyncio.gather(*writers)
    assert summary.changes > 50

    await put_back(empty, path)
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


async def test_what_grows_is_read_in_portions(database: Database) -> None:
    await fill(database, 3000)
    sizes: dict[str, list[int]] = {}
    async for name, found_ in read_collections(database.db):
        sizes.setdefault(name, []).append(len(found_))
    assert {name: sum(counts) for name, counts in sizes.items() if name in ("runs", "response_bodies")} == {
        "runs": 3000,
        "response_bodies": 6000,
    }
    assert max(sizes["runs"]) <= 2000
    assert max(sizes["response_bodies"]) <= 500


async def test_a_database_with_data_is_left_alone(database: Database, empty: Database, tmp_path: Path) -> None:
    await fill(database, 10)
    path = tmp_path / "a.backup"
    await make(database, path)
    before = await content(database)
    with pytest.raises(BackupError, match=r"has data \(users\)"):
        await put_back(database, path)
    assert await content(database) == before

    until = clock.now() + 60 * 1000 * clock.MILLISECOND
    await empty.workers.insert_one({"_id": "server-1", "until": until})
    with pytest.raises(BackupError, match=r"in use by server-1"):
        await put_back(empty, path)


async def test_a_restore_that_broke_off_begins_anew(database: Database, empty: Database, tmp_path: Path) -> None:
    await fill(database, 10)
    path = tmp_path / "a.backup"
    await make(database, path)
    header, _ = verify_backup(path)

    def break_off() -> None:
        raise OSError("killed")

    with pytest.raises(OSError, match="killed"):
        await backups.restore_backup(empty.db, path, header, break_off)
    await empty.db["users"].insert_one({"_id": "half"})
    with pytest.raises(UnfinishedRestore):
        await documents.connect(empty.uri, empty.name)

    await put_back(empty, path)
    assert await content(empty) == await content(database)
    await (await documents.connect(empty.uri, empty.name)).close()


async def test_a_damaged_file_is_refused(database: Database, tmp_path: Path) -> None:
    await fill(database, 50)
    path = tmp_path / "a.backup"
    await make(database, path)
    whole = path.read_bytes()
    verify_backup(path)
    plain = gzip.decompress(whole[len(MAGIC) :])
    wrong = [whole[:cut] for cut in (len(MAGIC), len(MAGIC) + 5, len(whole) // 2, len(whole) - 9, len(whole) - 1)]
    wrong += [whole[:200] + bytes([whole[200] ^ 1]) + whole[201:]]
    # A complete gzip stream with incomplete content.
    wrong += [MAGIC + gzip.compress(part) for part in (b"", plain[:-1], plain[: len(plain) // 2], plain + plain)]
    wrong += [MAGIC + gzip.compress(plain.replace(b"xxxxx", b"xxxxy", 1))]
    for content_ in wrong:
        path.write_bytes(content_)
        with pytest.raises(BackupError, match="damaged or truncated"):
            verify_backup(path)
    for content_ in (b"", b"PK\x03\x04", whole[3:]):
        path.write_bytes(content_)
        with pytest.raises(BackupError, match="is not a Tocsin backup"):
            verify_backup(path)
    with pytest.raises(BackupError, match="cannot be read"):
        verify_backup(tmp_path / "nothing.backup")


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (b"H", b""), (b"H", b"junk"), (b"H", bson.encode({"format": 1, "unknown": 1})), (b"D", b""), (b"D", b"junk"),
        (b"D", bson.encode({})), (b"D", bson.encode({"c": "users"}) + b"\xff\xff\xff\xff"), (b"C", b"junk"),
        (b"E", b""), (b"E", bson.encode({})), (b"E", bson.encode({"documents": 5, "changes": 0, "sha256": b""})),
    ],
)  # fmt: skip
def test_a_file_that_no_tocsin_wrote_is_refused(tmp_path: Path, kind: bytes, payload: bytes) -> None:
    header = bson.encode(asdict(HEADER))
    frames = [] if kind == b"H" else [(b"H", header)]
    stream = b"".join(struct.pack("<cI", kind, len(part)) + part for kind, part in [*frames, (kind, payload)])
    path = tmp_path / "a.backup"
    path.write_bytes(MAGIC + gzip.compress(stream))
    with pytest.raises(BackupError, match="damaged or truncated"):
        verify_backup(path)


async def test_a_file_gets_its_name_when_it_is_whole(database: Database, tmp_path: Path) -> None:
    await fill(database, 10)
    path = tmp_path / "a.backup"
    with BackupWriter(path) as writer:  # left before the end
        writer.write_header(HEADER)
        assert not path.exists()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a.backup.part").write_bytes(b"of a killed backup")
    await make(database, path)
    with pytest.raises(BackupError, match="already exists"):
        BackupWriter(path)
    other = tmp_path / "b.backup"
    with BackupWriter(other), pytest.raises(BackupError, match="Another backup is being written to"):
        BackupWriter(other)
    with pytest.raises(BackupError, match="cannot be written"):
        BackupWriter(tmp_path / "nowhere" / "a.backup")


async def test_a_database_that_dies_meanwhile_is_copied_once_it_is_back(tmp_path: Path) -> None:
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
        _, said = await process.communicate()
        assert process.returncode == 0, said.decode()
        assert verify_backup(path)[1].documents["runs"] == 500
    finally:
        await server.stop()


@pytest.mark.long
async def test_a_long_history_comes_back_whole(database: Database, empty: Database, tmp_path: Path) -> None:
    runs = 100_000
    await fill(database, runs)
    summary = await make(database, tmp_path / "a.backup")
    assert (summary.documents["runs"], summary.documents["response_bodies"]) == (runs, 2 * runs)
    await put_back(empty, tmp_path / "a.backup")
    assert await empty.runs.count_documents({}) == runs
    assert await empty.response_bodies.count_documents({}) == 2 * runs
