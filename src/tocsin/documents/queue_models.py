"""Models of queues and circuits."""

from datetime import datetime

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
