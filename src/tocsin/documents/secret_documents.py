"""Named secrets as they are stored in MongoDB. `run_documents` has the rules for these types."""

from datetime import datetime
from typing import TypedDict


class NamedSecretDocument(TypedDict):
    """A stored secret. See `tocsin.documents.NamedSecret` for the meaning of the fields."""

    _id: str
    owner: str
    name: str
    sealed: str
    allowed_hosts: list[str]
    revision: int
    created_at: datetime
    updated_at: datetime
    value_set_at: datetime
