"""Files that jobs made, kept in the database (GridFS), so that every process can hand them out.

A file's id begins with its owner's and derives from its run and name: a repeated attempt replaces its own file, and a
link to it stays good.
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
"""Pieces are written before the file's own document: none may go while that could still be young enough to stay."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What is known of a file. `size` is in bytes."""

    id: str
    run: str
    name: str
    content_type: str
    size: int
    created_at: datetime


class FileBucket:
    """The files of all owners. Who may read which is for the caller to check: `owner_of` tells whose an id is."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._bucket = AsyncGridFSBucket(database.db, FILES_BUCKET)

    async def put(self, owner: str, run: str, name: str, content_type: str, data: bytes) -> StoredFile:
        """Keep a file, in the place of one of the same run and name."""
        file_id = f"{owner}/{hashlib.sha256(_cause(run, name)).hexdigest()[:24]}"
        metadata = {"owner": owner, "run": run, "contentType": content_type}
        for last in (False, False, True):
            await self.delete(file_id)
            try:
                await self._bucket.upload_from_stream_with_id(file_id, name, data, metadata=metadata)
                break
            except FileExists:  # a lost attempt of the same run stores it too
                if last:
                    raise
        return StoredFile(file_id, run, name, content_type, len(data), clock.now())

    async def open(self, file_id: str) -> "OpenFile | None":
        """The file, to be read; None if there is none."""
        try:
            return OpenFile(await self._bucket.open_download_stream(file_id))
        except NoFile:
            return None

    async def delete(self, file_id: str) -> None:
        """Delete a file, also what a broken upload left of it."""
        try:
            await self._bucket.delete(file_id)
        except NoFile:
            return  # its pieces, if any, are gone by now

    async def delete_owner_files(self, owner: str, before: datetime) -> int:
        """Delete this owner's files that are older. Returns how many bytes they had."""
        which = {"_id": {"$gte": f"{owner}/", "$lt": f"{owner}0"}}  # 0 comes after / in ASCII
        found = self._database.db[f"{FILES_BUCKET}.files"].find(which, {"uploadDate": 1, "length": 1})
        old = {file["_id"]: int(file["length"]) async for file in found if file["uploadDate"] < before}
        for file_id in old:
            await self.delete(file_id)
        return sum(old.values())

    async def delete_older(self, before: datetime) -> int:
        """Delete what is older, also pieces of uploads that broke off. Returns how many files."""
        result = await self._database.db[f"{FILES_BUCKET}.files"].delete_many({"uploadDate": {"$lt": before}})
        oldest = ObjectId.from_datetime(before - _SLACK)
        await self._database.db[f"{FILES_BUCKET}.chunks"].delete_many({"_id": {"$lt": oldest}})
        return result.deleted_count


class OpenFile:
    """A file that is there; its bytes come when they are asked for."""

    def __init__(self, stream: AsyncGridOut) -> None:
        self._stream = stream
        metadata = stream.metadata or {}
        self.info = StoredFile(
            stream._id, metadata["run"], stream.name, metadata["contentType"], stream.length, stream.upload_date
        )

    async def read(self) -> bytes:
        """All of it."""
        return bytes(await self._stream.read())

    async def iter_chunks(self) -> AsyncIterator[bytes]:
        """One piece after the other, 255 KiB each."""
        while piece := await self._stream.readchunk():
            yield piece


def _cause(run: str, name: str) -> bytes:
    return f"{run}\0{name}".encode()
