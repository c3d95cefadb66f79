"""Files of jobs: access, names, and replacement by a retry."""

import asyncio
from datetime import timedelta

import pytest

from tests.harness import file_storage_for
from tocsin import clock
from tocsin.documents import Database
from tocsin.documents.file_bucket import FileBucket
from tocsin.jobs.file_storage import MAX_FILE_BYTES, FileError, FileStorage, sanitize_file_name


@pytest.fixture
def storage(database: Database) -> FileStorage:
    return file_storage_for(database)


async def test_what_was_saved_is_read_by_any_run_of_its_owner(storage: FileStorage) -> None:
    content = bytes(range(256)) * 2_500  # three chunks
    saved = await storage.for_run("alice", "alice/t:1").save("a.bin", "application/pdf", content)
    ref, data = await storage.for_run("alice", "alice/t:2").read(saved.file_id)
    assert data == content
    assert (ref.name, ref.content_type, ref.size) == ("a.bin", "application/pdf", len(content))
    shown = saved.to_json()
    assert shown.keys() == {"fileId", "name", "contentType", "size", "url", "urlExpiresAt"}
    assert shown["url"].startswith("http://tocsin.test/files/")
    with pytest.raises(FileError, match="There is no file"):
        await storage.for_run("bob", "bob/t:1").read(saved.file_id)


async def test_a_repeated_attempt_replaces_its_own_file_and_no_other(storage: FileStorage, database: Database) -> None:
    files = storage.for_run("alice", "alice/t:1")
    first = await files.save("a.txt", "text/plain", b"one")
    other = await files.save("b.txt", "text/plain", b"other")
    again = await files.save("a.txt", "text/plain", b"two")
    assert first.file_id == again.file_id != other.file_id
    assert (await files.read(first.file_id))[1] == b"two"
    assert await database.db["files.files"].count_documents({}) == 2
    assert await database.db["files.chunks"].count_documents({}) == 2


async def test_attempts_that_store_the_same_file_at_once_do_not_hinder_each_other(storage: FileStorage) -> None:
    files = storage.for_run("alice", "alice/t:1")
    kept = await asyncio.gather(*(files.save("r.csv", "text/csv", b"x" * 600_000) for _ in range(2)))
    assert len({ref.file_id for ref in kept}) == 1
    assert (await files.read(kept[0].file_id))[1] == b"x" * 600_000


async def test_what_a_broken_upload_left_does_not_hinder_the_next(storage: FileStorage, database: Database) -> None:
    files = storage.for_run("alice", "alice/t:1")
    saved = await files.save("a.txt", "text/plain", b"one")
    await database.db["files.files"].delete_one({"_id": saved.file_id})  # as if its document had never been written
    with pytest.raises(FileError):
        await files.read(saved.file_id)
    await files.save("a.txt", "text/plain", b"two")
    assert (await files.read(saved.file_id))[1] == b"two"


async def test_old_files_go_with_their_pieces_and_young_ones_stay(storage: FileStorage, database: Database) -> None:
    saved = await storage.for_run("alice", "alice/t:1").save("a.txt", "text/plain", b"one")
    store = FileBucket(database)
    assert await store.delete_older(clock.now() - timedelta(minutes=1)) == 0
    assert await store.open(saved.file_id) is not None
    assert await store.delete_older(clock.now() + timedelta(hours=2)) == 1
    assert await store.open(saved.file_id) is None
    assert await database.db["files.chunks"].count_documents({}) == 0


async def test_what_is_too_large_or_of_no_type_is_refused(storage: FileStorage) -> None:
    files = storage.for_run("alice", "alice/t:1")
    with pytest.raises(FileError, match=f"has {MAX_FILE_BYTES + 1} bytes; the limit is {MAX_FILE_BYTES}"):
        await files.save("a", "text/plain", bytes(MAX_FILE_BYTES + 1))
    with pytest.raises(FileError, match="is not a content type"):
        await files.save("a", "text/plain\r\nX: y", b"")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a\r\nb\x00.pdf", "a b .pdf"),
        ("Grüße 报告.pdf", "Grüße 报告.pdf"),
        ("...", "file"),
        ("x" * 200 + ".csv", "x" * 116 + ".csv"),
        ('a"b<c>.txt', "a_b_c_.txt"),
    ],
)
def test_names_are_cleaned(given: str, name: str) -> None:
    assert sanitize_file_name(given) == name
