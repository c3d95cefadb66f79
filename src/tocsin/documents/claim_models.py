"""The model of claim records."""

from datetime import datetime
from typing import Any

from tocsin.documents.base import StoredDocument


class ClaimRecord(StoredDocument):
    """Runs that a worker claimed as they were made, and writes when they have ended (`documents/deferred_runs.py`)."""

    worker: str
    at: datetime
    runs: list[dict[str, Any]]

    class Settings:
        name = "claim_records"
