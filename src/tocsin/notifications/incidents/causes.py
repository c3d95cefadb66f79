"""The causes of failures: a host that does not work, or the task or workflow itself. Pure."""

from dataclasses import dataclass
from hashlib import sha256

from tocsin.documents import AlertDocument, AlertSubject, ErrorKind, IncidentCause

_HOST_FAILURES = frozenset({ErrorKind.DNS, ErrorKind.CONNECT, ErrorKind.TLS, ErrorKind.TIMEOUT, ErrorKind.PROTOCOL})
_OVERLOADED = frozenset({408, 425, 429})
"""Statuses below 500 by which a server says that it is busy, not that the request is wrong."""


@dataclass(frozen=True, slots=True)
class Cause:
    """The common cause of the alerts of an incident. `key` begins with the ID of the owner."""

    kind: IncidentCause
    key: str
    host: str | None = None
    error_kind: ErrorKind | None = None


def find_cause(alert: AlertDocument, *, is_alone: bool = False) -> Cause:
    """Return the cause of an alert, by its latest failure. One that is to be told alone belongs to no host."""
    failure, host = alert["failure"], alert["host"]
    kind = failure["error"]["kind"]
    if not is_alone and host is not None and kind is not None and is_host_failure(kind, failure["status_code"]):
        digest = sha256(host.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return Cause(IncidentCause.HOST, f"{alert['owner']}/host-{kind}-{digest}", host, ErrorKind(kind))
    is_task = alert["subject_type"] == AlertSubject.TASK
    return Cause(
        IncidentCause.TASK if is_task else IncidentCause.WORKFLOW,
        alert["subject"],
        host,
        None if kind is None else ErrorKind(kind),
    )


def is_host_failure(kind: ErrorKind, status_code: int | None) -> bool:
    """Tell whether such a failure is one of the host, and so probably of everything that calls it."""
    if kind in _HOST_FAILURES:
        return True
    return (
        kind == ErrorKind.HTTP_STATUS and status_code is not None and (status_code >= 500 or status_code in _OVERLOADED)
    )
