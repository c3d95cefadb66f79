"""What all stored documents share: ids that tell whose a thing is, and the base of the models."""

import base64
import re
from typing import Any, TypeAlias

from beanie import Document
from bson import ObjectId
from pymongo import ASCENDING, IndexModel

Doc: TypeAlias = Any
"""A document, a filter or a part of one whose type is not written down yet. Stored documents have `*Document` types."""


def new_id(owner: str | None = None) -> str:
    """A fresh id. An owned thing's id begins with its owner's, so that whose it is can be told from the id alone."""
    return f"{owner}/{ObjectId()}" if owner else str(ObjectId())


def owner_of(document_id: str) -> str:
    """The user that owns the task or run of this id."""
    return document_id.partition("/")[0]


def parent_of(run_id: str) -> str:
    """The task whose run has this id."""
    return run_id.partition(":")[0]


def step_of(run_id: str) -> str | None:
    """The key of the step whose run has this id, of one of its items or its compensation too; None of a task's run."""
    place = run_id.partition(":")[2]
    return re.split(r"[\[!]", place)[0] if is_workflow_run_id(run_id) else None


def is_workflow_run_id(document_id: str) -> bool:
    """Whether a workflow run has this id, and not a task."""
    return document_id.partition("/")[2].startswith("w")


def to_global_id(type_name: str, document_id: str) -> str:
    """The id of a document in the API: base64 of `Type:id` (Relay's Global Object Identification)."""
    return base64.urlsafe_b64encode(f"{type_name}:{document_id}".encode()).decode()


def run_log_ids(run_id: str) -> dict[str, str]:
    """The ids in the API of a run and of the task or workflow run that it belongs to; of a workflow run its own."""
    parent = parent_of(run_id)
    name, kind = ("workflow_run_id", "WorkflowRun") if is_workflow_run_id(run_id) else ("task_id", "Task")
    ids = {name: to_global_id(kind, parent)}
    return ids if parent == run_id else {"run_id": to_global_id("Run", run_id), **ids}


def from_global_id(type_name: str, given: str) -> str | None:
    """The document of this type that such an id stands for; None for an id of another type, and for what is none."""
    try:
        raw = base64.b64decode(given.encode("ascii"), altchars=b"-_", validate=True).decode()
    except ValueError:  # binascii's and Unicode's errors are such
        return None
    found, _, document = raw.partition(":")
    return document if found == type_name and document and "\0" not in document else None


def index(*keys: str, **options: Any) -> IndexModel:
    """An ascending index on these fields."""
    return IndexModel([(key, ASCENDING) for key in keys], **options)


class StoredDocument(Document):
    """A document whose id is a text of our own making."""

    id: str  # type: ignore[assignment]  # Beanie's default is an ObjectId
