"""Models of idempotency keys, locks, rate limits and quotas."""

from datetime import datetime
from typing import ClassVar

from tocsin.documents.base import StoredDocument, ascending_index


class IdempotencyKey(StoredDocument):
    """The result of a mutation for (owner, mutation, key), kept for 24 hours."""

    fingerprint: str
    thing: str
    round: int | None = None
    done: bool = False
    created_at: datetime

    class Settings:
        name = "idempotency_keys"
        indexes: ClassVar = [ascending_index("created_at", expireAfterSeconds=86_400)]


class RateBucket(StoredDocument):
    """The state of a rate limiter for one caller (see `security/gcra.py`). Its ID is `kind:digest of the caller`.

    `full_at` is in milliseconds since 1970, because the embedded database can only add numbers. From then on the caller
    has the full rate again, and the document is deleted.
    """

    full_at: float
    forget_at: datetime

    class Settings:
        name = "rate_buckets"
        indexes: ClassVar = [ascending_index("forget_at", expireAfterSeconds=0)]


class NameLock(StoredDocument):
    """The lock of a unique name, held while it is given to a task. Its ID is `owner/name key`."""

    token: str
    forget_at: datetime

    class Settings:
        name = "name_locks"
        indexes: ClassVar = [ascending_index("forget_at", expireAfterSeconds=0)]


class OwnerUsage(StoredDocument):
    """The usage of an owner for quotas that are counted incrementally. Its ID is the owner's.

    `counts` has {at, used} for each quota, by name; `at` is the number of the window since 1970. `storage` is in bytes:
    the size at `measured_at` plus the changes recorded since.
    """

    counts: dict[str, dict[str, int]] = {}
    storage: int = 0
    measured_at: datetime | None = None

    class Settings:
        name = "owner_usages"
