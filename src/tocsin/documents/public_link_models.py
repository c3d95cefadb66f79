"""The model of links by which people without an account see or start something of its owner."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from tocsin.documents.base import StoredDocument, ascending_index


class PublicLinkKind(StrEnum):
    """The purpose of a public link: STATUS shows a badge and a status page, TRIGGER starts a run."""

    STATUS = "STATUS"
    TRIGGER = "TRIGGER"


class PublicLink(StoredDocument):
    """A link of a task or workflow (`subject`, of `subject_type` Task or Workflow).

    `serial` is what its token names, and changes when the link gets a new URL at `issued_at`. The token is signed, so
    that nobody can make one of what is stored. `hint` is the last characters of the token. `title` is what a status
    page shows; null for the name of its subject. `request_input` is the input of a workflow that gets the whole
    request. `last_used_at`, of a trigger, is accurate to a minute.
    """

    owner: str
    kind: PublicLinkKind
    subject: str
    subject_type: str
    serial: str
    hint: str
    title: str | None = None
    request_input: str | None = None
    created_at: datetime
    issued_at: datetime
    last_used_at: datetime | None = None

    class Settings:
        name = "public_links"
        indexes: ClassVar = [
            ascending_index("serial", unique=True),
            ascending_index("subject"),
            ascending_index("owner"),
        ]
