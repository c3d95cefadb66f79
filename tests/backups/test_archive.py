"""The backup file: an incomplete or foreign one is refused."""

import gzip
import struct
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

import bson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.backups.helpers import HEADER, back_up, fill
from tocsin.backups import BackupError
from tocsin.backups.archive import (
    CHANGES_FRAME,
    DOCUMENTS_FRAME,
    END_FRAME,
    MAGIC,
    BackupWriter,
    Change,
    decode_changes,
    decode_documents,
    read_frames,
    verify_backup,
)
from tocsin.documents import Database


async def test_a_damaged_file_is_refused(database: Database, tmp_path: Path) -> None:
    await fill(database, 50)
    path = tmp_path / "a.backup"
    await back_up(database, path)
    whole = path.read_bytes()
    verify_backup(path)
    plain = gzip.decompress(whole[len(MAGIC) :])
    wrong = [whole[:cut] for cut in (len(MAGIC), len(MAGIC) + 5, len(whole) // 2, len(whole) - 9, len(whole) - 1)]
    wrong += [whole[:-6] + bytes([whole[-6] ^ 1]) + whole[-5:]]  # the checksum: other bits may mean nothing
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


async def test_a_file_gets_its_name_when_it_is_complete(database: Database, tmp_path: Path) -> None:
    await fill(database, 10)
    path = tmp_path / "a.backup"
    with BackupWriter(path) as writer:  # left before the end
        writer.write_header(HEADER)
        assert not path.exists()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a.backup.part").write_bytes(b"of a killed backup")
    await back_up(database, path)
    with pytest.raises(BackupError, match="already exists"):
        BackupWriter(path)
    other = tmp_path / "b.backup"
    with BackupWriter(other), pytest.raises(BackupError, match="Another backup is being written to"):
        BackupWriter(other)
    with pytest.raises(BackupError, match="cannot be written"):
        BackupWriter(tmp_path / "nowhere" / "a.backup")


DOCUMENT = some.dictionaries(some.text("abc.$", max_size=3), some.integers(-5, 5) | some.text(max_size=5), max_size=3)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    some.lists(some.tuples(some.sampled_from(["users", "runs"]), some.lists(DOCUMENT, max_size=4)), max_size=4),
    some.lists(some.builds(lambda i, d: Change(o="insert", c="runs", i=i, d=d), some.text(max_size=3), DOCUMENT)),
)
def test_what_is_written_is_read_in_its_order(
    tmp_path: Path, batches: list[tuple[str, list[dict[str, Any]]]], changes: list[Change]
) -> None:
    path = tmp_path / f"{uuid4()}.backup"
    with BackupWriter(path) as writer:
        writer.write_header(HEADER)
        writer.add_changes(changes)
        for name, documents in batches:
            writer.write_documents(name, [bson.encode(document) for document in documents])
        summary = writer.finish()
    assert verify_backup(path) == (HEADER, summary)
    read = list(read_frames(path))
    copied = [decode_documents(payload) for kind, payload in read if kind == DOCUMENTS_FRAME]
    assert [(name, [bson.decode(raw) for raw in raws]) for name, raws in copied] == [
        (name, documents) for name, documents in batches if documents
    ]
    assert [each for kind, payload in read if kind == CHANGES_FRAME for each in decode_changes(payload)] == changes
    assert [kind for kind, _ in read][-2:] == [CHANGES_FRAME, END_FRAME]
