"""Enums of incidents."""

from enum import Enum

from tocsin.documents import AlertEnding, IncidentCause
from tocsin.graphql.enums import describe_enum

__all__ = ["AlertEnding", "IncidentCause", "IncidentStatus"]


class IncidentStatus(Enum):
    """The status of an incident."""

    OPEN = "OPEN"
    OVER = "OVER"


describe_enum(
    IncidentStatus,
    "The status of an incident.",
    {"OPEN": "It lasts.", "OVER": "It is over. If it comes again within an hour, it is open again."},
)
describe_enum(
    IncidentCause,
    "What the failures of an incident have in common.",
    {
        "HOST": "Their target host, and the kind of error, which says that the host or the way to it does not work.",
        "TASK": "Their task.",
        "WORKFLOW": "Their workflow.",
    },
)
describe_enum(
    AlertEnding,
    "Why a task or workflow does not fail any more.",
    {
        "RECOVERED": "A scheduled run of it has succeeded.",
        "DELETED": "It was deleted.",
        "PAUSED": "It was paused.",
        "CANCELLED": "It was cancelled.",
        "INCONCLUSIVE": "It failed because the network of this installation was down.",
        "FINISHED": "It has no further due time.",
    },
    name="IncidentSubjectEnding",
)
