"""Models of the installation's keys."""

from datetime import datetime
from enum import StrEnum

from tocsin.documents.base import StoredDocument


class KeyKind(StrEnum):
    """The purpose of a key: JWT signs access tokens, DATA encrypts secrets."""

    JWT = "JWT"
    DATA = "DATA"


class StoredKey(StoredDocument):
    """A key of the installation. Tokens and sealed secrets refer to it by its ID.

    `sealed` is the key, encrypted with the operator's key; null for the operator's own key. Each process adds itself to
    `known_by` when it has read the key. Then the key is activated: the last activated key that is not retired is in
    use. From `retire_at` on a JWT key is invalid, and a DATA key is deleted once no secret is sealed with it.
    """

    kind: KeyKind
    sealed: str | None
    created_at: datetime
    activated_at: datetime | None = None
    retire_at: datetime | None = None
    known_by: list[str] = []

    class Settings:
        name = "keys"
