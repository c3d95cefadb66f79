"""What all stored documents share: ids that tell whose a thing is, and the base of the models."""

from typing import Any

from beanie import Document
from bson import ObjectId
from pymongo import ASCENDING, IndexModel

Doc = dict[str, Any]


def new_id(owner: str | None = None) -> str:
    """A fresh id. An owned thing's id begins with its owner's, so that whose it is can be told from the id alone."""
    return f"{owner}/{ObjectId()}" if owner else str(ObjectId())


def owner_of(document_id: str) -> str:
    """The user that owns the task or run of this id."""
    return document_id.partition("/")[0]


def task_of(run_id: str) -> str:
    """The task whose run has this id."""
    return run_id.partition(":")[0]


def index(*keys: str, **options: Any) -> IndexModel:
    """An ascending index on these fields."""
    return IndexModel([(key, ASCENDING) for key in keys], **options)


class Stored(Document):
    """A document whose id is a text of our own making."""

    id: str  # type: ignore[assignment]  # Beanie's default is an ObjectId
