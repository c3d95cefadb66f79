"""The keys of an installation and its database belong together: made for a new one, and refused where they don't fit.

The database keeps a probe, a known text that is sealed with the encryption key. A process whose keys do not open it was
given those of another installation, or made its own, and would write secrets that no other process can read.
"""

import asyncio

from pymongo.errors import DuplicateKeyError

from tocsin.config import PREFIX, Settings
from tocsin.documents import Database, Doc
from tocsin.errors import StartError
from tocsin.security.key_probe import is_sealed_with_first, opens_probe, seal_probe
from tocsin.security.keys import JWT_SECRET_FILE, Keys, load_keys
from tocsin.security.tokens import kid_of

_NOTE = {"_id": "keys"}


async def open_keys(database: Database, settings: Settings) -> Keys:
    """The keys of the settings or of the data directory, made there if the database is new. Raises StartError.

    Processes that start at once over a new database agree on the keys, if they share the data directory; else the
    first one's hold, and the others are refused.
    """
    note = await database.installation.find_one(_NOTE)
    new = note is None and not await _has_data(database)
    made = settings.jwt_secret is None and not (settings.data_dir / JWT_SECRET_FILE).exists()
    keys = await asyncio.to_thread(load_keys, settings, new=new)
    note = note or await _insert_note(database, keys)
    if not opens_probe(keys, note["probe"]) or (made and new and note["jwt"] != kid_of(keys.jwt_secret)):
        raise StartError(
            "The database was set up with other keys than this process has. Give every process the same"
            f" {PREFIX}ENCRYPTION_KEY and {PREFIX}JWT_SECRET, or copy the files encryption_key and jwt_secret from the"
            f" data directory of the first one to {settings.data_dir}; if the encryption key is lost, run"
            " `tocsin keys rotate --forget-lost`."
        )
    if not is_sealed_with_first(keys, note["probe"]):  # the operator is changing the key: the former one will go
        await bind_keys(database, keys)
    return keys


async def bind_keys(database: Database, keys: Keys) -> None:
    """From now on these are the keys of the database."""
    await database.installation.replace_one(_NOTE, _note(keys), upsert=True)


async def _insert_note(database: Database, keys: Keys) -> Doc:
    """The note of whichever process was first."""
    note = _note(keys)
    try:
        await database.installation.insert_one(note)
        return note
    except DuplicateKeyError:
        return await database.installation.find_one(_NOTE) or note


def _note(keys: Keys) -> Doc:
    return {**_NOTE, "probe": seal_probe(keys), "jwt": kid_of(keys.jwt_secret)}


async def _has_data(database: Database) -> bool:
    """Tell whether something may be sealed: data from before the probe. Accounts alone need no key."""
    for collection in (database.keys, database.workflows, database.tasks):
        if await collection.find_one({}, {"_id": 1}) is not None:
            return True
    return False
