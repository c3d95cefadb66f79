"""The context of one call: of an attempt of a run, or of a trial."""

from datetime import datetime
from typing import Protocol

from tocsin.outbound.http_client import OwnerHttpClient
from tocsin.security.secret_box import SecretBox


class CallContext(Protocol):
    """The part of a `JobContext` that a call needs, with the same meanings."""

    run_id: str
    owner: str
    due_at: datetime
    attempt: int
    timeout: float
    secrets: SecretBox
    http: OwnerHttpClient
    callback_url: str | None
