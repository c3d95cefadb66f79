"""The binding of an installation's keys to its database: created for a new database, checked for an existing one.

The database holds a probe, a known text sealed with the encryption key. A process whose keys do not open the probe was
given those of another installation, or created its own, and would write secrets that no other process can read.
"""

import asyncio

from pymongo.errors import DuplicateKeyError

from tocsin.config import PREFIX, Settings
from tocsin.documents import Database, RawDocument
from tocsin.errors import StartupError
from tocsin.security.access_tokens import derive_key_id
from tocsin.security.key_files import JWT_SECRET_FILE, InstallationKeys, load_keys
from tocsin.security.key_probe import can_open_probe, is_sealed_with_current, seal_probe

_NOTE = {"_id": "keys"}


async def open_installation_keys(database: Database, settings: Settings) -> InstallationKeys:
    """Return the keys of the settings or the data directory; create them if the database is new. Raises StartupError.

    Processes that start at the same time over a new database agree on the keys if they share the data directory.
    Otherwise the keys of the first one are kept and the others are refused.
    """
    note = await database.installation.find_one(_NOTE)
    new = note is None and not await _has_data(database)
    made = settings.jwt_secret is None and not (settings.data_dir / JWT_SECRET_FILE).exists()
    keys = await asyncio.to_thread(load_keys, settings, new=new)
    if note is None:
        note = _note(keys)
        try:
            await database.installation.insert_one(note)
        except DuplicateKeyError:  # another process was faster
            note = await database.installation.find_one(_NOTE) or note
    if not can_open_probe(keys, note["probe"]) or (made and new and note["jwt"] != derive_key_id(keys.jwt_secret)):
        raise StartupError(
            "The database was set up with other keys than those of this process. Give every process the same"
            f" {PREFIX}ENCRYPTION_KEY and {PREFIX}JWT_SECRET, or copy the files encryption_key and jwt_secret from the"
            f" data directory of the first process to {settings.data_dir}; if the encryption key is lost, run"
            " `tocsin keys rotate --forget-lost`."
        )
    if not is_sealed_with_current(keys, note["probe"]):  # the operator is changing the key and will remove the old one
        await bind_installation_keys(database, keys)
    return keys


async def bind_installation_keys(database: Database, keys: InstallationKeys) -> None:
    """Make these the keys of the database."""
    await database.installation.replace_one(_NOTE, _note(keys), upsert=True)


def _note(keys: InstallationKeys) -> RawDocument:
    return {**_NOTE, "probe": seal_probe(keys), "jwt": derive_key_id(keys.jwt_secret)}


async def _has_data(database: Database) -> bool:
    """Tell whether there may be sealed data from before probes existed. Accounts alone need no key."""
    for collection in (database.keys, database.workflows, database.tasks):
        if await collection.find_one({}, {"_id": 1}) is not None:
            return True
    return False
