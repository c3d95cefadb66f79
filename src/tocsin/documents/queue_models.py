"""What is stored of the order of work: queues as administrators set them, and circuits that are not closed."""

from datetime import datetime

from tocsin.documents.base import StoredDocument


class Queue(StoredDocument):
    """A named lane. Its id is its name. None: no limit. `rate` is in attempts begun a minute."""

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
    """The circuit of one owner's runs to one target host, while it is not closed. Its id is `owner host:port`.

    `state` is OPEN until `retry_at`; then one run is the probe (HALF_OPEN), until `retry_at` again, should its outcome
    never come. `seconds` is how long it was opened for, `failures` how many attempts in a row had failed by then.
    `rev` counts changes.
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
