"""The backup file: a magic line, then a gzip stream of frames.

    frame       kind (1 byte), length (4 bytes, little endian), payload
    H           the header: one BSON document, always first
    D           documents of one collection: {c: its name}, then the documents, all in BSON
    C           changes made during the copy, in order, each a BSON document
    E           the end: {documents, changes, sha256 of all previous frames}, always last

The file gets its final name once it is complete and synced to disk. All functions block: call them in a thread.
"""

import gzip
import hashlib
import io
import os
import struct
import sys
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, NotRequired, Protocol, TypedDict

import bson
from bson import CodecOptions
from bson.errors import BSONError

from tocsin.errors import TocsinError
from tocsin.fsync import fsync_directory

if sys.platform != "win32":
    import fcntl

MAGIC = b"tocsin-backup\n"
FORMAT_VERSION = 1
HEADER_FRAME, DOCUMENTS_FRAME, CHANGES_FRAME, END_FRAME = b"H", b"D", b"C", b"E"
_FRAME_HEAD = struct.Struct("<cI")
_MAX_FRAME_BYTES = 128 * 1024 * 1024
_COMPRESSION_LEVEL = 3
_CODEC_OPTIONS: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Change(TypedDict):
    """A change of a document: the operation, collection and id; the document or, for updates, what changed in it."""

    o: Literal["insert", "replace", "update", "delete"]
    c: str
    i: Any
    d: NotRequired[dict[str, Any]]


class BackupError(TocsinError):
    """A backup cannot be created, read or restored. The message is one sentence for the operator."""


@dataclass(frozen=True)
class BackupHeader:
    """The header of a backup. `version` is the schema version of the data.

    `keys` are the contents of the data directory's key files by name, if they are included. `key_note` is the
    database's probe of the keys that it needs (see `keys/installation.py`).
    """

    version: int
    program: str
    at: datetime
    keys: dict[str, str] | None = field(default=None, repr=False)
    key_note: dict[str, Any] | None = field(default=None, repr=False)
    format: int = FORMAT_VERSION


@dataclass(frozen=True)
class BackupSummary:
    """Counts of a backup: documents by collection, and changes made during the copy."""

    documents: dict[str, int]
    changes: int


class BackupWriter:
    """The writer of a backup file. As a context manager it removes the file unless `finish` succeeds."""

    def __init__(self, path: Path) -> None:
        """Create the file. Raises BackupError if it exists or cannot be created."""
        self._path, self._part = path, path.with_name(f"{path.name}.part")
        self._refuse_existing()
        try:
            self._file = _create_private(self._part)
            self._changes: IO[bytes] = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115  # closed in __exit__
        except OSError as error:
            raise BackupError(f"{self._part} cannot be written: {error.strerror}.") from None
        self._file.write(MAGIC)
        self._stream = gzip.GzipFile(fileobj=self._file, mode="wb", compresslevel=_COMPRESSION_LEVEL)
        self._spool = gzip.GzipFile(fileobj=self._changes, mode="wb", compresslevel=1)
        self._digest = hashlib.sha256()
        self._documents: dict[str, int] = {}
        self._change_count = 0
        self._finished = False

    def __enter__(self) -> "BackupWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._changes.close()
        self._file.close()
        if not self._finished:
            self._part.unlink(missing_ok=True)

    def write_header(self, header: BackupHeader) -> None:
        """Write the header. Call this first."""
        self._write(HEADER_FRAME, bson.encode(asdict(header)))

    def write_documents(self, collection: str, documents: list[bytes]) -> None:
        """Write documents of a collection."""
        self._documents[collection] = self._documents.get(collection, 0) + len(documents)
        if documents:
            self._write(DOCUMENTS_FRAME, bson.encode({"c": collection}) + b"".join(documents))

    def add_changes(self, changes: Iterable[Change]) -> None:
        """Buffer changes until `finish`, as all documents come before them in the file."""
        encoded = [bson.encode(change) for change in changes]
        self._change_count += len(encoded)
        payload = b"".join(encoded)
        self._spool.write(_FRAME_HEAD.pack(CHANGES_FRAME, len(payload)) + payload)

    def finish(self) -> BackupSummary:
        """Write the changes and the end, sync the file to disk, and give it its final name."""
        self._spool.close()
        self._changes.seek(0)
        with gzip.GzipFile(fileobj=self._changes, mode="rb") as spool:
            for kind, payload in _read_frames(spool):
                self._write(kind, payload)
        summary = BackupSummary(self._documents, self._change_count)
        self._write(END_FRAME, bson.encode({**asdict(summary), "sha256": self._digest.digest()}))
        self._stream.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._refuse_existing()
        self._part.rename(self._path)
        self._finished = True
        fsync_directory(self._path.parent)
        return summary

    def _refuse_existing(self) -> None:
        if self._path.exists():
            raise BackupError(f"{self._path} already exists: choose another name, or move it away.")

    def _write(self, kind: bytes, payload: bytes) -> None:
        for piece in (_FRAME_HEAD.pack(kind, len(payload)), payload):
            self._digest.update(piece)
            self._stream.write(piece)


def verify_backup(path: Path) -> tuple[BackupHeader, BackupSummary]:
    """Read a whole backup and check that it is complete and unchanged. Raises BackupError."""
    try:
        return _verify(path)
    except (BSONError, EOFError, struct.error, AttributeError, LookupError, TypeError, ValueError) as error:
        raise _damaged_error(path) from error  # frames that Tocsin did not write


def _verify(path: Path) -> tuple[BackupHeader, BackupSummary]:
    header: BackupHeader | None = None
    digest, before, end = hashlib.sha256(), b"", None
    counts: dict[str, int] = {}
    changes = 0
    for kind, payload in read_frames(path):
        if end is not None:
            raise _damaged_error(path)
        if header is None:
            header = _read_header(path, kind, payload)
        elif kind == DOCUMENTS_FRAME:
            name, documents = decode_documents(payload)
            counts[name] = counts.get(name, 0) + sum(1 for _ in documents)
        elif kind == CHANGES_FRAME:
            changes += len(decode_changes(payload))
        elif kind == END_FRAME:
            end, before = bson.decode(payload), digest.digest()
        for piece in (_FRAME_HEAD.pack(kind, len(payload)), payload):
            digest.update(piece)
    expected = end and {name: count for name, count in end["documents"].items() if count}
    if header is None or end is None or end["sha256"] != before or expected != counts or end["changes"] != changes:
        raise _damaged_error(path)
    return header, BackupSummary(end["documents"], changes)


def read_frames(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Yield the frames of a backup. Raises BackupError where it is damaged."""
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise BackupError(f"{path} is not a Tocsin backup.")
            with gzip.GzipFile(fileobj=file, mode="rb") as stream:
                yield from _read_frames(io.BufferedReader(stream, 1024 * 1024))
    except (EOFError, zlib.error, gzip.BadGzipFile, BSONError) as error:
        raise _damaged_error(path) from error
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror or error}.") from None


def decode_documents(payload: bytes) -> tuple[str, Iterator[Any]]:
    """Return the collection's name and an iterator over its documents as raw BSON."""
    (length,) = struct.unpack_from("<i", payload)
    name = bson.decode(payload[:length])["c"]
    return name, _split_documents(payload, length)


def decode_changes(payload: bytes) -> list[Change]:
    """Return the changes of one frame, in order."""
    changes: Any = bson.decode_all(payload, _CODEC_OPTIONS)
    return list(changes)


def _split_documents(payload: bytes, start: int) -> Iterator[bytes]:
    while start < len(payload):
        (length,) = struct.unpack_from("<i", payload, start)
        if length < 5 or start + length > len(payload):
            raise EOFError
        yield payload[start : start + length]
        start += length


def _read_frames(stream: "_Readable") -> Iterator[tuple[bytes, bytes]]:
    while head := stream.read(_FRAME_HEAD.size):
        if len(head) < _FRAME_HEAD.size:
            raise EOFError
        kind, length = _FRAME_HEAD.unpack(head)
        if kind not in (HEADER_FRAME, DOCUMENTS_FRAME, CHANGES_FRAME, END_FRAME) or length > _MAX_FRAME_BYTES:
            raise EOFError
        payload = stream.read(length)
        if len(payload) < length:
            raise EOFError
        yield kind, payload


def _read_header(path: Path, kind: bytes, payload: bytes) -> BackupHeader:
    if kind != HEADER_FRAME:
        raise _damaged_error(path)
    fields = bson.decode(payload, _CODEC_OPTIONS)
    if fields.get("format") != FORMAT_VERSION:
        raise BackupError(
            f"{path} was created by a newer version of Tocsin ({fields.get('program')}), in a format that this version"
            " does not support: restore it with the newer one."
        )
    return BackupHeader(**fields)


def _damaged_error(path: Path) -> BackupError:
    return BackupError(f"{path} is damaged or truncated, so nothing was restored: use another copy.")


def _create_private(path: Path) -> IO[bytes]:
    """Create an empty file that only its owner can read. A leftover of an interrupted backup is reused."""
    file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb")
    try:
        if sys.platform != "win32":
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.fchmod(file.fileno(), 0o600)
        file.truncate(0)
    except BlockingIOError:
        file.close()
        raise BackupError(f"Another backup is being written to {path}: wait until it is complete.") from None
    return file
