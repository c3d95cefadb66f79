"""Queries that an index answers in part."""

from collections.abc import Mapping
from typing import Any

from pymongo.asynchronous.collection import AsyncCollection

from tocsin.documents.base import Filter
from tocsin.documents.database import aggregate
from tocsin.documents.updates import Expression


async def find_narrowed(
    collection: AsyncCollection[Any],
    indexed: Filter,
    others: Filter,
    *,
    fields: Mapping[str, int] | None = None,
    sort: str | None = None,
    limit: int | None = None,
) -> list[Any]:
    """Return the documents that match both filters, of which `indexed` names fields of one index and nothing else.

    The embedded database reads the whole collection if a filter also names a field that the index lacks. So that is
    matched in a stage of its own, which reads only what the index has found.
    """
    stages: list[Expression] = [{"$match": indexed}, {"$match": others}]
    if sort is not None:
        stages.append({"$sort": {sort: 1}})
    if limit is not None:
        stages.append({"$limit": limit})
    if fields is not None:
        stages.append({"$project": dict(fields)})
    return await aggregate(collection, stages)
