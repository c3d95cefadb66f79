"""The context of one call: of an attempt of a run, or of a trial."""

from datetime import datetime
from typing import Protocol

from tocsin.named_secrets.store import OpenSecrets
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

    @property
    def open_secrets(self) -> OpenSecrets:
        """Opens named secrets of the owner."""
        ...
