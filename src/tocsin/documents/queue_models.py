"""Models of queues, circuits and permits."""

from datetime import datetime
from typing import Any

from tocsin.documents.base import StoredDocument


class Queue(StoredDocument):
    """A queue. Its ID is its name. Null limits mean no limit. `rate` is in attempts started a minute."""

    description: str = ""
    concurrency: int | None = None
    rate: int | None = None
    priority: int = 0
    paused: bool = False
    created_at: datetime
    updated_at: datetime

    class Settings:
        name = "queues"


class Circuit(StoredDocument):
    """The circuit of one owner's runs to one target host, while it is not closed. Its ID is `owner host:port`.

    `state` is OPEN until `retry_at`; then one run is the probe (HALF_OPEN), with a new `retry_at` in case its outcome
    never arrives. `seconds` is the length of the open period, `failures` the number of consecutive failures when it
    opened. `rev` counts changes.
    """

    owner: str
    host: str
    state: str
    failures: int
    seconds: float
    cause: str
    opened_at: datetime
    retry_at: datetime
    rev: int = 0

    class Settings:
        name = "circuits"


class Permit(StoredDocument):
    """The permits of one limit while several processes share it. Its ID is `host name:port` or `queue name`.

    `held` lists them as [process, owner, count], `waiting` the processes that wait for some as [process, count, since,
    until], with times in milliseconds since 1970. `rev` changes with each change.
    """

    rev: str
    held: list[list[Any]] = []
    waiting: list[list[Any]] = []

    class Settings:
        name = "permits"
