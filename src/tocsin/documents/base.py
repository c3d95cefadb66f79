"""The base class of the models, and what they share."""

from typing import Any, TypeAlias

from beanie import Document
from pymongo import ASCENDING, IndexModel

RawDocument: TypeAlias = dict[str, Any]
"""A document whose collection is only known at run time, or the result of an aggregation."""
Filter: TypeAlias = dict[str, Any]
"""A filter that selects documents."""
Changes: TypeAlias = dict[str, Any]
"""Fields that an update sets, by name; dots separate the parts of a nested one."""


def ascending_index(*keys: str, **options: Any) -> IndexModel:
    """Return an ascending index on these fields."""
    return IndexModel([(key, ASCENDING) for key in keys], **options)


class StoredDocument(Document):
    """A document with a string ID that Tocsin generates."""

    id: str  # type: ignore[assignment]  # Beanie's default is an ObjectId
