"""Removal of indexes at start that the models no longer declare, or declare with other options.

Creating indexes leaves those that exist as they are. Tocsin records which indexes it created, and leaves those that an
operator added.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from bson import json_util
from pymongo import IndexModel
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

from tocsin import telemetry
from tocsin.documents.base import RawDocument
from tocsin.documents.schema_version import INSTALLATION

DeclaredIndexes = Mapping[str, Sequence[IndexModel]]
IndexSpec = str
"""The key and the options of an index, as JSON."""
_NOTE = {"_id": "indexes"}
_OPTIONS = ("unique", "sparse", "partialFilterExpression", "expireAfterSeconds")
_NOT_THERE = 27
log = telemetry.get_logger(__name__)


async def drop_stale_indexes(db: AsyncDatabase[RawDocument], declared: DeclaredIndexes) -> None:
    """Drop stale indexes, before the declared ones are created. Reads one document if nothing has changed."""
    specs = {
        name: {model.document["name"]: _spec(model.document) for model in models} for name, models in declared.items()
    }
    digest = hashlib.sha256(json.dumps(specs, sort_keys=True).encode()).hexdigest()
    note = await db[INSTALLATION].find_one(_NOTE) or {"digest": "", "names": {}}
    if note["digest"] == digest:
        return
    existing = set(await db.list_collection_names())
    for name in existing & (set(specs) | set(note["names"])):
        await _drop_of(db, name, specs.get(name, {}), note["names"].get(name, []))
    names = {name: sorted(indexes) for name, indexes in specs.items()}
    await db[INSTALLATION].replace_one(_NOTE, {**_NOTE, "digest": digest, "names": names}, upsert=True)


async def _drop_of(
    db: AsyncDatabase[RawDocument], name: str, specs: Mapping[str, IndexSpec], noted: Sequence[str]
) -> None:
    for index, found in (await db[name].index_information()).items():
        gone = index in noted and index not in specs
        if gone or (index in specs and _spec(found) != specs[index]):
            log.info("an index is dropped that has changed or is no longer used", collection=name, index=index)
            await _drop(db, name, index)


async def _drop(db: AsyncDatabase[RawDocument], name: str, index: str) -> None:
    try:
        await db[name].drop_index(index)
    except OperationFailure as error:  # another starting process dropped it first
        if error.code != _NOT_THERE:
            raise


def _spec(index: Mapping[str, Any]) -> IndexSpec:
    """Return the key and options by which two indexes of the same name are compared.

    Dates of a filter have a time zone where they are declared, and none where they are read.
    """
    keys = index["key"]
    pairs = keys.items() if isinstance(keys, Mapping) else keys
    options = {option: index[option] for option in _OPTIONS if index.get(option) not in (None, False)}
    spec = {"key": [[field, int(direction)] for field, direction in pairs], **options}
    return json_util.dumps(spec, sort_keys=True)
