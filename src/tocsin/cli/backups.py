"""`tocsin backup` and `tocsin restore`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError

from tocsin import __version__, backups, clock, documents
from tocsin.backups import BackupError, BackupHeader, BackupSummary
from tocsin.backups.archive import BackupWriter
from tocsin.cli.runner import open_database_server, run_with_settings
from tocsin.config import PREFIX, Settings
from tocsin.documents import RawDocument
from tocsin.documents.connections import open_client
from tocsin.documents.schema_version import INSTALLATION, NewerData, check_version, latest_version, read_version
from tocsin.embedded import find_running_uri
from tocsin.security.key_files import load_keys, read_key_files, restore_key_files
from tocsin.security.key_probe import can_open_probe

app = typer.Typer()

Db = AsyncDatabase[RawDocument]
_KEYS_INCLUDED = (
    "The backup contains the installation's keys: anyone who can read it can read every secret in it. Keep it as safe"
    " as the data, or use --without-keys."
)
_KEYS_EXCLUDED = (
    f"The backup does not contain the keys. Keep {PREFIX}ENCRYPTION_KEY and {PREFIX}JWT_SECRET, or the files"
    " encryption_key and jwt_secret of the data directory, elsewhere: without the encryption key no secret in the"
    " backup can be read."
)
_MAX_TRIES = 3
_PAUSE_SECONDS = 2.0
WithoutKeys = Annotated[bool, typer.Option("--without-keys", help="Leave out the key files of the data directory.")]
LostKeys = Annotated[
    bool, typer.Option("--lost-keys", help="Restore without the encryption key: secrets stay unreadable.")
]
File = Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False)]


@app.command()
def backup(file: File, without_keys: WithoutKeys = False) -> None:
    """Write a backup of everything to FILE. Servers can keep running."""
    path = file.absolute()

    async def work(settings: Settings) -> BackupSummary:
        async with open_database_server(settings) as uri, _open_database(settings, uri) as db:
            header = await _make_header(db, settings, without_keys=without_keys)
            summary = await _write_backup(db, header, path)
        typer.echo(_KEYS_INCLUDED if "encryption_key" in (header.keys or {}) else _KEYS_EXCLUDED, err=True)
        return summary

    summary = run_with_settings(work)
    typer.echo(f"{file} holds {_describe_summary(summary)}.")


@app.command()
def restore(file: File, lost_keys: LostKeys = False) -> None:
    """Restore a backup into an empty data directory or database. Servers must be stopped."""

    async def work(settings: Settings) -> BackupSummary:
        header, summary = await asyncio.to_thread(backups.verify_backup, file)
        if header.version > latest_version():
            raise NewerData(header.version, latest_version(), header.program)
        if not lost_keys:
            await asyncio.to_thread(_check_keys, settings, header)
        if settings.uses_embedded_database and await asyncio.to_thread(find_running_uri, settings.data_dir) is not None:
            raise BackupError(
                f"A server is running in {settings.data_dir}: stop it, and restore to an empty directory."
            )
        taken = {} if lost_keys else header.keys or {}
        async with open_database_server(settings, create=True) as uri:
            async with _open_database(settings, uri) as db:
                await backups.restore_backup(db, file, header, lambda: restore_key_files(settings, taken))
            # Opening the database as a server does migrates older data and creates the indexes.
            await (
                await documents.connect(uri, settings.mongodb_database, alone=settings.uses_embedded_database)
            ).close()
        return summary

    summary = run_with_settings(work)
    typer.echo(
        f"Restored {_describe_summary(summary)}. When the server starts, missed due times follow the misfire policies."
    )


async def _write_backup(db: Db, header: BackupHeader, path: Path) -> BackupSummary:
    """Create the backup. Starts over if the connection to the database is lost, for example during its restart."""
    for tries_left in reversed(range(_MAX_TRIES)):
        try:
            with BackupWriter(path) as writer:
                return await backups.create_backup(db, header, writer)
        except OSError as error:
            raise BackupError(f"{path} cannot be written: {error.strerror or error}.") from None
        except PyMongoError as error:
            if not tries_left:
                raise
            typer.echo(f"The connection to the database was lost, starting over: {str(error)[:200]}", err=True)
            await asyncio.sleep(_PAUSE_SECONDS)
    raise AssertionError("the last try returns or raises")


async def _make_header(db: Db, settings: Settings, *, without_keys: bool) -> BackupHeader:
    found = await read_version(db)
    if found is None:
        raise BackupError("The database is empty: there is nothing to back up.")
    check_version(found, latest_version())
    keys = None if without_keys else await asyncio.to_thread(read_key_files, settings)
    note = await db[INSTALLATION].find_one({"_id": "keys"})
    return BackupHeader(found.version, __version__, clock.now(), keys or None, note)


def _check_keys(settings: Settings, header: BackupHeader) -> None:
    """Check that the keys after the restore will open the secrets in the backup. Raises BackupError."""
    if header.key_note is None:
        return
    taken = header.keys or {}
    given = {name: getattr(settings, name) or taken.get(name) for name in ("encryption_key", "jwt_secret")}
    there = read_key_files(settings)
    if any(there.get(name, text) != text for name, text in taken.items()):
        raise BackupError(
            f"The keys in {settings.data_dir} are not those of the backup: restore it to an empty directory."
        )
    complete = all(given[name] or name in there for name in given)
    if complete:
        chosen = settings.model_copy(update={name: _as_secret(value) for name, value in given.items() if value})
        complete = can_open_probe(load_keys(chosen, new=False), header.key_note["probe"])
    if not complete:
        raise BackupError(
            f"The secrets in the backup need the keys that it was created with: set {PREFIX}ENCRYPTION_KEY and"
            f" {PREFIX}JWT_SECRET to them. If the encryption key is lost, use --lost-keys, then `tocsin keys rotate"
            " --forget-lost`."
        )


def _as_secret(value: str | SecretStr) -> SecretStr:
    return SecretStr(value) if isinstance(value, str) else value


@asynccontextmanager
async def _open_database(settings: Settings, uri: str) -> AsyncIterator[Db]:
    """Open the database without migrating it."""
    async with open_client(uri) as client:
        yield client[settings.mongodb_database]


def _describe_summary(summary: BackupSummary) -> str:
    counts = {name: summary.documents.get(name, 0) for name in ("users", "tasks", "workflows", "runs", "workflow_runs")}
    named = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
    return f"{sum(summary.documents.values())} documents ({named}) and {summary.changes} changes made meanwhile"
