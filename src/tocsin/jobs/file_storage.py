"""Files of jobs: saving them, reading those of earlier steps, and linking to them."""

import re
import unicodedata
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict

from tocsin import clock
from tocsin.documents import owner_of
from tocsin.documents.file_bucket import FileBucket, StoredFile
from tocsin.errors import TocsinError
from tocsin.fair_semaphore import FairSemaphore
from tocsin.security.file_links import FileLinks

MAX_FILE_BYTES = 20 * 1024 * 1024
"""Bytes of one file."""
MAX_RUNS_IN_MEMORY = 8
"""Runs that handle files at once: each may have several copies of several files in memory."""
DOWNLOAD_PATH = "/files/"
_MAX_NAME_LENGTH = 120
_NOT_IN_NAMES = re.compile(r'[/\\:*?"<>|]+')
_CONTENT_TYPE = re.compile(r"[a-z0-9]+/[a-z0-9.+-]+(; ?charset=[a-z0-9-]+)?")


class FileError(TocsinError):
    """A file cannot be saved or read. The message is for the owner."""


class FileResult(TypedDict):
    """A stored file as it appears in results of jobs. See `FileRef` for the meaning of the fields."""

    fileId: str
    name: str
    contentType: str
    size: int
    url: str
    urlExpiresAt: str


@dataclass(frozen=True, slots=True)
class FileRef:
    """A stored file with a link to it, valid until `url_expires_at` for anyone who has it. `size` is in bytes."""

    file_id: str
    name: str
    content_type: str
    size: int
    url: str
    url_expires_at: datetime

    def to_json(self) -> FileResult:
        """Return the reference as it appears in results of jobs."""
        return {
            "fileId": self.file_id,
            "name": self.name,
            "contentType": self.content_type,
            "size": self.size,
            "url": self.url,
            "urlExpiresAt": self.url_expires_at.isoformat().replace("+00:00", "Z"),
        }


@dataclass(frozen=True, slots=True)
class FileStorage:
    """The files of this installation. `make_url` makes a URL of a path on this server.

    `on_stored` is called with the owner and the size in bytes of each file that is saved.
    """

    store: FileBucket
    links: FileLinks
    make_url: Callable[[str], str]
    on_stored: Callable[[str, int], None] = lambda _owner, _bytes: None
    memory_slots: FairSemaphore = field(default_factory=lambda: FairSemaphore(MAX_RUNS_IN_MEMORY))

    def for_run(self, owner: str, run: str) -> "RunFiles":
        """Return the files as a job of this run may use them."""
        return RunFiles(self, owner, run)

    def make_ref(self, file: StoredFile) -> FileRef:
        """Return a reference to the file with a new link."""
        token, until = self.links.sign(file.id, clock.now())
        return FileRef(file.id, file.name, file.content_type, file.size, self.make_url(DOWNLOAD_PATH + token), until)


@dataclass(frozen=True, slots=True)
class RunFiles:
    """The files as one run may use them."""

    _storage: FileStorage
    _owner: str
    _run: str

    async def save(self, name: str, content_type: str, data: bytes) -> FileRef:
        """Save a file, replacing a file of this run with the same name. Raises FileError."""
        if len(data) > MAX_FILE_BYTES:
            raise FileError(f"The file {name!r} has {len(data)} bytes; the limit is {MAX_FILE_BYTES}.")
        if not _CONTENT_TYPE.fullmatch(content_type):
            raise FileError(f"{content_type!r} is not a content type. Use one such as text/csv.")
        file = await self._storage.store.put(self._owner, self._run, sanitize_file_name(name), content_type, data)
        self._storage.on_stored(self._owner, file.size)
        return self._storage.make_ref(file)

    def reserve_memory(self) -> AbstractAsyncContextManager[None]:
        """Wait until whole files fit in memory, and reserve that memory. Owners take turns."""
        return self._storage.memory_slots.acquire(self._owner)

    async def read(self, file_id: str, most: int = MAX_FILE_BYTES) -> tuple[FileRef, bytes]:
        """Read a file of the same owner. Raises FileError if there is none, or if it has more than `most` bytes."""
        found = await self._storage.store.open(file_id) if owner_of(file_id) == self._owner else None
        if found is None:
            raise FileError(f"There is no file {file_id!r}. Files are deleted together with their runs.")
        if found.info.size > most:
            raise FileError(
                f"The file {found.info.name!r} has {found.info.size} bytes; at most {most} are allowed here."
            )
        return self._storage.make_ref(found.info), await found.read()


def sanitize_file_name(name: str) -> str:
    """Return a name that any system accepts: no paths or control characters, at most 120 characters, never empty."""
    printable = "".join(letter if letter.isprintable() else " " for letter in unicodedata.normalize("NFC", name))
    plain = " ".join(_NOT_IN_NAMES.sub("_", printable).split()).strip(" .")
    stem, dot, ending = plain.rpartition(".")
    if len(plain) > _MAX_NAME_LENGTH and dot and len(ending) <= 10:
        return f"{stem[: _MAX_NAME_LENGTH - len(ending) - 1]}.{ending}"
    return plain[:_MAX_NAME_LENGTH] or "file"
