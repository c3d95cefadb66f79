"""Notifications as they are stored in MongoDB. `run_documents` has the rules for these types."""

from datetime import datetime
from typing import NotRequired, TypedDict

from tocsin.documents.delivery_documents import DeliveryAboutDocument


class NotificationDataDocument(TypedDict, total=False):
    """The content of a notification for programs. It is returned as it is stored, with names as in the API.

    IDs are those of the API, times are texts in UTC.
    """

    taskId: str
    runId: str
    workflowId: str
    workflowRunId: str
    channelId: str
    replayId: str
    apiTokenId: str
    step: str
    steps: list[str]
    errorKind: str
    errorMessage: str
    statusCode: int
    attempts: int
    failures: int
    missed: int
    reason: str
    dueAt: str
    nextAttemptAt: str
    message: str
    isReminder: bool
    decideUntil: str
    quotas: list[str]
    address: str
    openedAt: str
    openedFrom: str
    name: str
    scopes: list[str]
    expiresAt: str
    finishedAt: str
    fileName: str
    fileSize: int
    rows: int
    status: str
    selected: int
    sent: int
    succeeded: int
    failed: int
    skipped: int
    incidentId: str
    subjectCount: int
    host: str
    since: str
    until: str
    mailPurpose: str
    email: str
    formerEmail: str


class NotificationDocument(TypedDict):
    """A stored notification. See `tocsin.documents.Notification` for the meaning of the fields."""

    _id: str
    owner: str
    kind: str
    at: datetime
    stored_at: datetime
    subject: str
    text: str
    page: str | None
    run: str | None
    about: NotRequired[DeliveryAboutDocument | None]
    data: NotificationDataDocument
    acknowledged: bool
    acknowledged_at: datetime | None
