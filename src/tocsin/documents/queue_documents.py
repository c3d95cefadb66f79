"""Queues, circuits and workers as they are stored. `run_documents` has the rules for these types."""

from datetime import datetime
from typing import Any, NotRequired, TypedDict


class QueueDocument(TypedDict):
    """A stored queue. The queue `default` has no times until an administrator changes it."""

    _id: str
    description: str
    concurrency: int | None
    rate: int | None
    priority: int
    paused: bool
    created_at: NotRequired[datetime]
    updated_at: NotRequired[datetime]


class CircuitDocument(TypedDict):
    """A stored circuit that is not closed. See `tocsin.documents.Circuit` for the meaning of the fields."""

    _id: str
    owner: str
    host: str
    state: str
    failures: int
    seconds: float
    cause: str
    opened_at: datetime
    retry_at: datetime
    rev: NotRequired[int]


class WorkerDocument(TypedDict):
    """A stored worker. See `tocsin.documents.Worker` for the meaning of the fields."""

    _id: str
    until: datetime
    lease: NotRequired[float | None]
    ended: NotRequired[list[list[Any]]]
    beat: NotRequired[int | None]
    shares: NotRequired[bool | None]


class PermitDocument(TypedDict):
    """The stored permits of one limit. See `tocsin.documents.Permit` for the meaning of the fields."""

    _id: str
    rev: str
    held: list[list[Any]]
    waiting: list[list[Any]]
