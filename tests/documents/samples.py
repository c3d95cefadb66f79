"""Stored data of earlier versions, for tests of migrations."""

from pathlib import Path
from typing import Any

from bson import json_util
from pymongo.asynchronous.database import AsyncDatabase

STORED = Path(__file__).parent / "stored"


def read_sample(version: int) -> dict[str, list[dict[str, Any]]]:
    """Return the documents of each collection, as a program of that version wrote them."""
    options = json_util.CANONICAL_JSON_OPTIONS.with_options(tz_aware=True)
    sample: dict[str, list[dict[str, Any]]] = json_util.loads(
        (STORED / f"{version}.json").read_text(), json_options=options
    )
    return sample


async def store_sample(db: AsyncDatabase[dict[str, Any]], version: int) -> dict[str, int]:
    """Write a sample into an empty database. Return the number of documents in each collection."""
    sample = read_sample(version)
    for name, documents in sample.items():
        await db[name].insert_many(documents)
    return {name: len(documents) for name, documents in sample.items()}
