"""IDs of documents, which contain their owner, and their form in the API."""

import base64
import re

from bson import ObjectId


def new_id(owner: str | None = None) -> str:
    """Return a new ID. The ID of an owned document starts with the ID of its owner."""
    return f"{owner}/{ObjectId()}" if owner else str(ObjectId())


def owner_of(document_id: str) -> str:
    """Return the ID of the user who owns the document with this ID."""
    return document_id.partition("/")[0]


def parent_of(run_id: str) -> str:
    """Return the ID of the task or workflow run that the run with this ID belongs to."""
    return run_id.partition(":")[0]


def step_of(run_id: str) -> str | None:
    """Return the key of the step whose run, item or compensation has this ID; None for the run of a task."""
    place = run_id.partition(":")[2]
    return re.split(r"[\[!]", place)[0] if is_workflow_run_id(run_id) else None


def is_workflow_run_id(document_id: str) -> bool:
    """Return whether this is the ID of a workflow run."""
    return document_id.partition("/")[2].startswith("w")


def to_global_id(type_name: str, document_id: str) -> str:
    """Return the ID of a document in the API: base64 of `Type:id` (Relay's Global Object Identification)."""
    return base64.urlsafe_b64encode(f"{type_name}:{document_id}".encode()).decode()


def run_log_ids(run_id: str) -> dict[str, str]:
    """Return log fields with the API IDs of a run and of its task or workflow run; for a workflow run its own ID."""
    parent = parent_of(run_id)
    name, kind = ("workflow_run_id", "WorkflowRun") if is_workflow_run_id(run_id) else ("task_id", "Task")
    ids = {name: to_global_id(kind, parent)}
    return ids if parent == run_id else {"run_id": to_global_id("Run", run_id), **ids}


def from_global_id(type_name: str, global_id: str) -> str | None:
    """Return the document ID from an API ID; None if it is invalid or of another type."""
    try:
        raw = base64.b64decode(global_id.encode("ascii"), altchars=b"-_", validate=True).decode()
    except ValueError:  # binascii.Error and UnicodeError are subclasses
        return None
    found, _, document = raw.partition(":")
    return document if found == type_name and document and "\0" not in document else None
