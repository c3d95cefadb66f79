"""Public links as they are stored in MongoDB. `run_documents` has the rules for these types."""

from datetime import datetime
from typing import NotRequired, TypedDict

from tocsin.documents.public_link_models import PublicLinkKind


class PublicLinkDocument(TypedDict):
    """A stored link. See `tocsin.documents.PublicLink` for the meaning of the fields."""

    _id: str
    owner: str
    kind: PublicLinkKind
    subject: str
    subject_type: str
    serial: str
    hint: str
    title: NotRequired[str | None]
    request_input: NotRequired[str | None]
    created_at: datetime
    issued_at: datetime
    last_used_at: NotRequired[datetime | None]
