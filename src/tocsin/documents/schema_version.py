"""The schema version of the stored data: checked at start, updated by migrations, rejected if it is newer.

It is stored in the document `schema` of the collection `installation`. If several processes start at once, one acquires
the lock in that document and migrates while the others wait. The lock is a lease, so that another process continues
after a crash.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict

from bson import ObjectId
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError, PyMongoError

from tocsin import __version__, clock, telemetry
from tocsin.cancellation import cancel_and_wait
from tocsin.documents.base import Changes, Filter, RawDocument
from tocsin.documents.migrations import FIRST_VERSION, MIGRATIONS, Migration
from tocsin.documents.workers import MAX_LEASE, find_living_workers
from tocsin.errors import StartupError

INSTALLATION = "installation"
"""The collection with the data of the installation as a whole."""
LOCK_LEASE = timedelta(seconds=15)
_SCHEMA = {"_id": "schema"}
_POLL_SECONDS = 0.2
log = telemetry.get_logger(__name__)


class MigrationEntry(TypedDict):
    """The record of a migration: the version that it led to, its beginning, and the program that made it."""

    version: int
    at: datetime
    program: str


class NewerData(StartupError):
    """The data was written by a newer program, so this one must not use it."""

    def __init__(self, found: int, known: int, program: str) -> None:
        super().__init__(
            f"The database contains data of version {found}, written by a newer Tocsin ({program}), and this one"
            f" ({__version__}) supports versions up to {known}: use the newer one, or restore an older backup."
        )


class UnfinishedRestore(StartupError):
    """A restore into this database was interrupted, so that the data is incomplete."""

    def __init__(self, file: str) -> None:
        super().__init__(
            f"The database contains only a part of the backup {file}, because the restore was interrupted: run"
            " `tocsin restore` again, which starts over."
        )


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """The stored schema version. `restoring` is the backup that is being restored into the database."""

    version: int
    program: str
    restoring: str | None = None


async def read_version(db: AsyncDatabase[RawDocument]) -> SchemaVersion | None:
    """Return the version of the stored data; None for an empty database. Raises PyMongoError."""
    found = await db[INSTALLATION].find_one(_SCHEMA)
    if found is not None:
        return SchemaVersion(found["version"], found["program"], found.get("restoring"))
    names = await db.list_collection_names()
    return SchemaVersion(FIRST_VERSION, "0.1.0") if "users" in names else None


def check_version(found: SchemaVersion, known: int) -> None:
    """Check that this program may use the data. Raises NewerData or UnfinishedRestore."""
    if found.restoring is not None:
        raise UnfinishedRestore(found.restoring)
    if found.version > known:
        raise NewerData(found.version, known, found.program)


def latest_version(migrations: Sequence[Migration] = MIGRATIONS) -> int:
    """Return the version that this program writes."""
    return migrations[-1].version if migrations else FIRST_VERSION


async def write_version(db: AsyncDatabase[RawDocument], version: int, **fields: object) -> None:
    """Record the version of the data, unless one is recorded. Raises PyMongoError."""
    document = {**_SCHEMA, "version": version, "program": __version__, "history": [], "lock": None, **fields}
    try:
        await db[INSTALLATION].insert_one(document)
    except DuplicateKeyError:  # recorded by another process
        return


async def migrate_to_latest(
    db: AsyncDatabase[RawDocument], *, alone: bool, migrations: Sequence[Migration] = MIGRATIONS
) -> None:
    """Migrate older data to this program's version, or record the version of a new database.

    With `alone`, no other process can use the database. Raises StartupError if the data is newer, if processes of an
    older program are still running, or if a migration fails; PyMongoError if the database is unavailable.
    """
    known = latest_version(migrations)
    if await db[INSTALLATION].find_one(_SCHEMA) is None:
        found = await read_version(db)
        await write_version(db, found.version if found else known)
    logged = False
    while (current := await _read(db)).version < known:
        lock = _Lock(db)
        if await lock.take(alone=alone):
            async with lock.held():
                await _until_nobody_serves(db, alone=alone)
                await _migrate(db, lock, migrations)
        elif not logged:
            logged = True
            log.info("another process migrates the data, waiting", version=current.version, to=known)
        await asyncio.sleep(0 if alone else _POLL_SECONDS)
    check_version(current, known)


async def _read(db: AsyncDatabase[RawDocument]) -> SchemaVersion:
    found = await read_version(db)
    assert found is not None  # noqa: S101  # it was recorded
    if found.restoring is not None:
        raise UnfinishedRestore(found.restoring)
    return found


async def _migrate(db: AsyncDatabase[RawDocument], lock: "_Lock", migrations: Sequence[Migration]) -> None:
    """Run the pending migrations in order. Each version is written once its migration is complete."""
    for migration in migrations:
        if migration.version <= (await _read(db)).version:
            continue
        began = clock.now()
        log.info("migrating the data", version=migration.version, title=migration.title)
        changed = await _apply(db, migration)
        seconds = (clock.now() - began).total_seconds()
        entry: MigrationEntry = {"version": migration.version, "at": began, "program": __version__}
        if not await lock.advance(migration.version, entry):
            log.warning("another process has taken over the migration of the data", version=migration.version)
            return
        log.info("the data is migrated", version=migration.version, documents=changed, seconds=round(seconds, 3))


async def _apply(db: AsyncDatabase[RawDocument], migration: Migration) -> int:
    try:
        return await migration.apply(db)
    except PyMongoError:
        raise
    except Exception as error:
        log.exception("a migration failed", version=migration.version, title=migration.title)
        raise StartupError(
            f"The data cannot be migrated to version {migration.version} ({migration.title}): {error!r}. See the log"
            " for details. The previous program can restore the backup from before the upgrade."
        ) from error


async def _until_nobody_serves(db: AsyncDatabase[RawDocument], *, alone: bool) -> None:
    """Wait until the leases of dead processes expire. Raises StartupError if a process renews its lease."""
    if alone:
        return
    seen: dict[str, datetime] = {}
    deadline = clock.now() + MAX_LEASE
    while (now := clock.now()) < deadline:
        leases = {worker["_id"]: worker["until"] for worker in await find_living_workers(db, now)}
        living = sorted(worker for worker, until in leases.items() if seen.setdefault(worker, until) != until)
        if living:
            raise StartupError(
                f"The data must be migrated, and {', '.join(living)} is still using it: stop the processes of the"
                " older Tocsin, then start this one again."
            )
        if not leases:
            return
        await asyncio.sleep(_POLL_SECONDS)


class _Lock:
    """The lease of the migrating process."""

    def __init__(self, db: AsyncDatabase[RawDocument]) -> None:
        self._installation = db[INSTALLATION]
        self._name = f"{socket.gethostname()}-{os.getpid()}-{ObjectId()}"

    async def take(self, *, alone: bool) -> bool:
        """Acquire the lock if it is free. Ignore a lease too far in the future: the clock was set back."""
        now = clock.now()
        free = [{"lock": None}, {"lock.until": {"$lt": now}}, {"lock.until": {"$gt": now + 2 * LOCK_LEASE}}]
        found_by = _SCHEMA if alone else {**_SCHEMA, "$or": free}
        return await self._set(found_by, {"lock": {"by": self._name, "until": now + LOCK_LEASE}})

    async def advance(self, version: int, entry: MigrationEntry) -> bool:
        """Write the new version if this process still has the lock."""
        change = {"$set": {"version": version, "program": __version__}, "$push": {"history": entry}}
        result = await self._installation.update_one(self._mine, change)
        return result.modified_count == 1

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Renew the lease during the block, then release it."""
        renewing = asyncio.create_task(self._renew(), name="migration-lock")
        try:
            yield
        finally:
            await cancel_and_wait(renewing)
            await self._set(self._mine, {"lock": None})

    @property
    def _mine(self) -> Filter:
        return {**_SCHEMA, "lock.by": self._name}

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(LOCK_LEASE.total_seconds() / 3)
            try:
                await self._set(self._mine, {"lock.until": clock.now() + LOCK_LEASE})
            except PyMongoError as error:
                log.warning("the lease of the migration was not renewed", error=str(error)[:300])

    async def _set(self, found_by: Filter, fields: Changes) -> bool:
        return (await self._installation.update_one(found_by, {"$set": fields})).modified_count == 1
