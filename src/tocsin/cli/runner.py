"""The runner of administrators' commands: settings, the open database, errors as one sentence."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar

import typer
from pymongo.errors import PyMongoError

from tocsin import config, documents
from tocsin.config import Settings
from tocsin.embedded import EmbeddedDatabase, find_running_uri, has_database
from tocsin.errors import TocsinError, UserError
from tocsin.events import send_changes
from tocsin.keys.installation import open_installation_keys
from tocsin.keys.keyring import Keyring
from tocsin.security.access_tokens import AccessTokens
from tocsin.security.key_files import InstallationKeys
from tocsin.security.secret_box import SecretBox
from tocsin.telemetry import configure_logging

Result = TypeVar("Result")
DatabaseWork = Callable[[documents.Database], Awaitable[Result]]
_INTERRUPTED = 130
"""The exit code after Ctrl-C."""
_MAX_ERRORS = 50
_NO_DATABASE = (
    "There is no database in {}. Change to the directory in which Tocsin is served, or set TOCSIN_DATA_DIR or "
    "TOCSIN_MONGODB_URI. `tocsin serve` and `tocsin users create` create a database."
)


def run_with_database(work: DatabaseWork[Result], *, create: bool = False) -> Result:
    """Run `work` with the database of the settings. With `create` a missing embedded database is created.

    Errors end the command as in `run_with_settings`.
    """

    async def work_in_database(settings: Settings) -> Result:
        alone = settings.uses_embedded_database and await find_server_uri(settings) is None
        async with open_database_server(settings, create=create) as uri:
            database = await documents.connect(uri, settings.mongodb_database, alone=alone)
            try:
                return await work(database)
            finally:
                try:
                    await send_changes(database)
                finally:
                    await database.close()

    return run_with_settings(work_in_database)


def run_with_settings(work: Callable[[Settings], Coroutine[Any, Any, Result]]) -> Result:
    """Run `work` with the settings of this process.

    Expected errors end the command with exit code 1 and a sentence for each on standard error.
    """
    try:
        settings = config.load_settings()
        configure_logging("WARNING", settings.log_format)
        return asyncio.run(work(settings))
    except KeyboardInterrupt:
        raise typer.Exit(_INTERRUPTED) from None
    except UserError as error:
        messages = [each.message for each in error.all_errors[:_MAX_ERRORS]]
    except TocsinError as error:
        messages = [str(error)]
    except UnicodeEncodeError:
        messages = ["An argument is not valid UTF-8."]
    except PyMongoError as error:
        messages = [f"The database failed or is unavailable: {error}"]
    except OSError as error:
        messages = [f"{error.filename or 'A file'} cannot be used: {error.strerror or error}."]
    for message in messages:
        typer.echo(message.partition("\n")[0], err=True)
    raise typer.Exit(1)


@asynccontextmanager
async def open_database_server(settings: Settings, *, create: bool = False) -> AsyncIterator[str]:
    """Provide a database server and yield its URI.

    The embedded server is that of a running Tocsin, or one that is started in the data directory for this command.
    Raises EmbeddedDatabaseError, and TocsinError if there is no database, unless `create` is set.
    """
    running = await find_server_uri(settings)
    if running is not None:
        yield running
        return
    if not create and not settings.data_dir.is_file() and not has_database(settings.data_dir):
        raise TocsinError(_NO_DATABASE.format(settings.data_dir.absolute()))
    server = EmbeddedDatabase(settings.data_dir, durability=settings.embedded_durability)
    await server.start()
    try:
        yield server.uri
    finally:
        await server.stop()


async def find_server_uri(settings: Settings) -> str | None:
    """Return the URI of the database server that the settings name, or of the embedded one while it runs, or None."""
    if settings.mongodb_uri is not None:
        return settings.mongodb_uri.get_secret_value()
    return await asyncio.to_thread(find_running_uri, settings.data_dir)


async def load_keyring(database: documents.Database, settings: Settings) -> Keyring:
    """Return the loaded keyring. Raises KeysUnreadable, and StartupError for keys of another installation."""
    keyring = make_keyring(database, settings, await open_installation_keys(database, settings))
    await keyring.load()
    return keyring


def make_keyring(database: documents.Database, settings: Settings, keys: InstallationKeys) -> Keyring:
    """Return a keyring that has not loaded its keys yet."""
    tokens = AccessTokens(keys.jwt_secret, timedelta(minutes=settings.access_token_minutes))
    return Keyring(database, keys, tokens, SecretBox(keys.encryption, keys.former))
