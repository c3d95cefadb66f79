"""The model of sent changes."""

from datetime import datetime
from typing import Any, ClassVar

from tocsin.documents.base import StoredDocument, ascending_index

KEPT_SECONDS = 600
"""Seconds for which sent changes are kept, for processes that lost their change stream."""


class ChangeBatch(StoredDocument):
    """Changes that one process made, in order, for the others (`events/changes.py`)."""

    by: str
    at: datetime
    changes: list[dict[str, Any]]

    class Settings:
        name = "change_batches"
        indexes: ClassVar = [ascending_index("at", expireAfterSeconds=KEPT_SECONDS)]
