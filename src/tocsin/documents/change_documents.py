"""The stored form of changes that are sent to other processes."""

from datetime import datetime
from typing import NotRequired, TypedDict


class ChangeRecord(TypedDict):
    """A change. Names are short, because there are several for each run; what has its default is left out."""

    kind: NotRequired[str]
    user: NotRequired[str]
    task: NotRequired[str]
    run: NotRequired[str]
    status: NotRequired[str]
    due: NotRequired[datetime]
    queued: NotRequired[bool]
    cancel: NotRequired[bool]
    workflow_run: NotRequired[str]
    steps: NotRequired[list[list[str]]]
    derived: NotRequired[bool]
    notified: NotRequired[str]
    attempted: NotRequired[list[tuple[str, int]]]
    acknowledged: NotRequired[list[str]]
    workflow: NotRequired[str]


class ChangeBatchDocument(TypedDict):
    """Changes that one process, `by`, made, in order."""

    _id: str
    by: str
    at: datetime
    changes: list[ChangeRecord]
