"""The documents of idempotency keys, rate limits and quotas. `run_documents` has the rules for these types."""

from datetime import datetime
from typing import NotRequired, TypedDict


class IdempotencyDocument(TypedDict):
    """The record of an idempotent call. `_id` is null, and nothing is stored, for a call without a key.

    `thing` is the ID of what the call creates, `round` that of the run when it was retried.
    """

    _id: str | None
    fingerprint: NotRequired[str]
    thing: str
    round: int | None
    done: bool
    created_at: datetime


class RateBucketDocument(TypedDict):
    """A stored rate limiter of one caller. See `tocsin.documents.limit_models.RateBucket` for the fields."""

    _id: str
    full_at: float
    forget_at: datetime


class MailCountDocument(TypedDict):
    """The stored times of mails that one limit counts. See `tocsin.documents.delivery_models.MailCount`."""

    _id: str
    times: list[datetime]
    held_back: NotRequired[int]
    forget_at: datetime


class NameLockDocument(TypedDict):
    """A stored lock of a unique name. See `tocsin.documents.limit_models.NameLock` for the fields."""

    _id: str
    token: str
    forget_at: datetime


class QuotaCountDocument(TypedDict):
    """The amount `used` in the window number `at` since 1970."""

    at: int
    used: int


class OwnerUsageDocument(TypedDict):
    """A stored usage of an owner. See `tocsin.documents.limit_models.OwnerUsage` for the fields."""

    _id: str
    counts: NotRequired[dict[str, QuotaCountDocument]]
    storage: NotRequired[int]
    measured_at: NotRequired[datetime | None]
