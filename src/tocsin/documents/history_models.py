"""Models of what is known of deleted things: which tasks were deleted, and how far back the history reaches."""

from datetime import datetime
from typing import ClassVar

from tocsin.documents.base import StoredDocument, ascending_index


class DeletedTask(StoredDocument):
    """Says that the task with this ID was deleted, or was about to be. Kept as long as the history of runs."""

    owner: str
    deleted_at: datetime

    class Settings:
        name = "deleted_tasks"
        indexes: ClassVar = [ascending_index("owner", "deleted_at")]


class History(StoredDocument):
    """The history of the owner with this ID: what ended before `begins_at` may have been deleted without a trace."""

    begins_at: datetime

    class Settings:
        name = "histories"
