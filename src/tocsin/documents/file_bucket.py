"""Files created by jobs, stored in GridFS so that every process can serve them.

The ID of a file starts with its owner's and derives from its run and name: a repeated attempt replaces the file, and
links to it stay valid.
"""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bson import ObjectId
from gridfs import NoFile
from gridfs.asynchronous import AsyncGridFSBucket, AsyncGridOut
from gridfs.errors import FileExists

from tocsin import clock
from tocsin.documents.database import FILES_BUCKET, Database

_SLACK = timedelta(hours=1)
"""Chunks are written before the file's document. They are kept this much longer, so that no kept file loses chunks."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Metadata of a file. `size` is in bytes."""

    id: str
    run: str
    name: str
    content_type: str
    size: int
    created_at: datetime


class FileBucket:
    """The files of all owners. The caller checks access: `owner_of` returns the owner of an ID."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._bucket = AsyncGridFSBucket(database.db, FILES_BUCKET)

    async def put(self, owner: str, run: str, name: str, content_type: str, data: bytes) -> StoredFile:
        """Store a file, replacing one of the same run and name."""
        file_id = f"{owner}/{hashlib.sha256(_cause(run, name)).hexdigest()[:24]}"
        metadata = {"owner": owner, "run": run, "contentType": content_type}
        for last in (False, False, True):
            await self.delete(file_id)
            try:
                await self._bucket.upload_from_stream_with_id(file_id, name, data, metadata=metadata)
                break
            except FileExists:  # a lost attempt of the same run is storing it too
                if last:
                    raise
        return StoredFile(file_id, run, name, content_type, len(data), clock.now())

    async def open(self, file_id: str) -> "OpenFile | None":
        """Open a file for reading; None if it does not exist."""
        try:
            return OpenFile(await self._bucket.open_download_stream(file_id))
        except NoFile:
            return None

    async def delete(self, file_id: str) -> None:
        """Delete a file, including the remains of an interrupted upload."""
        try:
            await self._bucket.delete(file_id)
        except NoFile:
            return  # its chunks, if any, were deleted

    async def delete_owner_files(self, owner: str, before: datetime) -> int:
        """Delete the owner's files from before that time. Return the number of bytes freed."""
        which = {"_id": {"$gte": f"{owner}/", "$lt": f"{owner}0"}}  # 0 follows / in ASCII
        found = self._database.db[f"{FILES_BUCKET}.files"].find(which, {"uploadDate": 1, "length": 1})
        old = {file["_id"]: int(file["length"]) async for file in found if file["uploadDate"] < before}
        for file_id in old:
            await self.delete(file_id)
        return sum(old.values())

    async def delete_older(self, before: datetime) -> int:
        """Delete files from before that time, and chunks of interrupted uploads. Return the number of files."""
        result = await self._database.db[f"{FILES_BUCKET}.files"].delete_many({"uploadDate": {"$lt": before}})
        oldest = ObjectId.from_datetime(before - _SLACK)
        await self._database.db[f"{FILES_BUCKET}.chunks"].delete_many({"_id": {"$lt": oldest}})
        return result.deleted_count


class OpenFile:
    """An open file, read on demand."""

    def __init__(self, stream: AsyncGridOut) -> None:
        self._stream = stream
        metadata = stream.metadata or {}
        self.info = StoredFile(
            stream._id, metadata["run"], stream.name, metadata["contentType"], stream.length, stream.upload_date
        )

    async def read(self) -> bytes:
        """Read the whole file."""
        return bytes(await self._stream.read())

    async def iter_chunks(self) -> AsyncIterator[bytes]:
        """Yield the file in chunks of 255 KiB."""
        while piece := await self._stream.readchunk():
            yield piece


def _cause(run: str, name: str) -> bytes:
    return f"{run}\0{name}".encode()
