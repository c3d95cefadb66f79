"""Files in the database: replaced by run and name, and deleted by owner and by age."""

from datetime import timedelta

import pytest

from tocsin import clock
from tocsin.documents import Database, owner_of
from tocsin.documents.file_bucket import FileBucket

SECOND = timedelta(seconds=1)
CONTENT = bytes(range(256)) * 2_500  # three chunks


@pytest.fixture
def bucket(database: Database) -> FileBucket:
    return FileBucket(database)


async def test_a_file_is_read_at_once_or_by_chunks(bucket: FileBucket) -> None:
    stored = await bucket.put("alice", "alice/t:1", "a.bin", "image/png", CONTENT)
    found = await bucket.open(stored.id)
    assert found is not None
    assert (found.info.run, found.info.name, found.info.content_type) == ("alice/t:1", "a.bin", "image/png")
    assert (found.info.size, owner_of(stored.id)) == (len(CONTENT), "alice")
    assert await found.read() == CONTENT
    again = await bucket.open(stored.id)
    assert again is not None
    assert b"".join([chunk async for chunk in again.iter_chunks()]) == CONTENT


async def test_a_file_replaces_that_of_the_same_run_and_name(bucket: FileBucket) -> None:
    first, second, other = [
        await bucket.put("alice", run, "a.txt", "text/plain", data)
        for run, data in (("alice/t:1", b"one"), ("alice/t:1", b"two"), ("alice/t:2", b"three"))
    ]
    assert first.id == second.id != other.id
    found = await bucket.open(first.id)
    assert found is not None
    assert await found.read() == b"two"


async def test_deleted_and_unknown_files_cannot_be_opened(bucket: FileBucket) -> None:
    stored = await bucket.put("alice", "alice/t:1", "a.txt", "text/plain", b"one")
    for _ in range(2):
        await bucket.delete(stored.id)
        assert await bucket.open(stored.id) is None


async def test_an_owners_older_files_are_deleted_and_no_others(bucket: FileBucket) -> None:
    mine = await bucket.put("alice", "alice/t:1", "a.bin", "text/plain", CONTENT)
    others = await bucket.put("alice2", "alice2/t:1", "a.bin", "text/plain", CONTENT)
    assert await bucket.delete_owner_files("alice", clock.now() - SECOND) == 0
    assert await bucket.delete_owner_files("alice", clock.now() + SECOND) == len(CONTENT)
    assert await bucket.open(mine.id) is None
    assert await bucket.open(others.id) is not None


async def test_old_files_go_with_the_chunks_of_broken_uploads(bucket: FileBucket, database: Database) -> None:
    await bucket.put("alice", "alice/t:1", "a.bin", "text/plain", CONTENT)
    broken = await bucket.put("alice", "alice/t:1", "b.bin", "text/plain", CONTENT)
    await database.db["files.files"].delete_one({"_id": broken.id})
    assert await bucket.delete_older(clock.now() - SECOND) == 0
    assert await database.db["files.chunks"].count_documents({}) == 6
    assert await bucket.delete_older(clock.now() + timedelta(hours=2)) == 1
    assert await database.db["files.chunks"].count_documents({}) == 0
