"""Keys of the installation as they are stored. `run_documents` has the rules for these types."""

from datetime import datetime
from typing import NotRequired, TypedDict

from tocsin.documents.key_models import KeyKind


class KeyDocument(TypedDict):
    """A stored key. See `tocsin.documents.StoredKey` for the meaning of the fields."""

    _id: str
    kind: KeyKind
    sealed: str | None
    created_at: datetime
    activated_at: NotRequired[datetime | None]
    retire_at: NotRequired[datetime | None]
    known_by: NotRequired[list[str]]
