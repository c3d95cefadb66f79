"""Types of the stored records of deleted tasks and of history. `run_documents` has the rules for these types."""

from datetime import datetime
from typing import TypedDict


class DeletedTaskDocument(TypedDict):
    """A task that was deleted, or was about to be. See `tocsin.documents.history_models.DeletedTask`."""

    _id: str
    owner: str
    deleted_at: datetime


class HistoryDocument(TypedDict):
    """The time from which the history of an owner is complete. See `tocsin.documents.history_models.History`."""

    _id: str
    begins_at: datetime
