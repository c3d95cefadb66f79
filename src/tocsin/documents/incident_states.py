"""The states of alerts and incidents (docs/incidents.md)."""

from enum import StrEnum


class AlertSubject(StrEnum):
    """The type of what an alert is about, by its name in the API."""

    TASK = "Task"
    WORKFLOW = "Workflow"


class AlertEnding(StrEnum):
    """Why an alert ended. Only RECOVERED is good news."""

    RECOVERED = "RECOVERED"
    DELETED = "DELETED"
    PAUSED = "PAUSED"
    CANCELLED = "CANCELLED"
    FINISHED = "FINISHED"
    INCONCLUSIVE = "INCONCLUSIVE"


class IncidentCause(StrEnum):
    """The kind of cause that the alerts of an incident share."""

    HOST = "HOST"
    TASK = "TASK"
    WORKFLOW = "WORKFLOW"


class IncidentNews(StrEnum):
    """What is told of an incident."""

    BEGAN = "BEGAN"
    FAILED = "FAILED"
    STILL_FAILING = "STILL_FAILING"
    RECOVERED = "RECOVERED"
    CLOSED = "CLOSED"


BEGAN, FAILED = 0, 1
"""The stages of alerts: an attempt has failed and is retried, or a run has failed for good."""
