"""The base class of the models, and what they share."""

from typing import Any, TypeAlias

from beanie import Document
from pymongo import ASCENDING, IndexModel

Doc: TypeAlias = Any
"""A document, a filter or a part of one whose type is not written down yet. Stored documents have `*Document` types."""


def index(*keys: str, **options: Any) -> IndexModel:
    """Return an ascending index on these fields."""
    return IndexModel([(key, ASCENDING) for key in keys], **options)


class StoredDocument(Document):
    """A document with a string ID that Tocsin generates."""

    id: str  # type: ignore[assignment]  # Beanie's default is an ObjectId
