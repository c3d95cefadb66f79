"""The model of named secrets of accounts."""

from datetime import datetime
from typing import ClassVar

from tocsin.documents.base import StoredDocument, ascending_index


class NamedSecret(StoredDocument):
    """A secret that jobs of its owner can use by its name. Its ID is `owner/name`, with the name in lower case.

    `sealed` is its value, encrypted for the ID, and goes only to `allowed_hosts`: names, addresses, and patterns such
    as `*.example.com`. `revision` counts the changes by the owner. `value_set_at` is when the value was last given.
    """

    owner: str
    name: str
    sealed: str
    allowed_hosts: list[str]
    revision: int = 1
    created_at: datetime
    updated_at: datetime
    value_set_at: datetime

    class Settings:
        name = "named_secrets"
        indexes: ClassVar = [ascending_index("owner")]
