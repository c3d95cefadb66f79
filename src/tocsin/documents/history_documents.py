"""What is known of deleted things, as it is stored in MongoDB. `run_documents` has the rules for these types."""

from datetime import datetime
from typing import TypedDict


class DeletedTaskDocument(TypedDict):
    """A task that was deleted, or was about to be. See `tocsin.documents.history_models.DeletedTask`."""

    _id: str
    owner: str
    deleted_at: datetime


class HistoryDocument(TypedDict):
    """How far back the history of an owner reaches. See `tocsin.documents.history_models.History`."""

    _id: str
    begins_at: datetime
