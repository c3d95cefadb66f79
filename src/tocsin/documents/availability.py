"""Classification of driver errors: the database is unavailable, as opposed to having rejected a command."""

import re
from collections.abc import Iterator
from typing import Any

from pymongo.errors import BulkWriteError, OperationFailure, PyMongoError

from tocsin.errors import DatabaseUnavailable

_AWAY = frozenset(
    {
        6,  # HostUnreachable
        7,  # HostNotFound
        89,  # NetworkTimeout
        91,  # ShutdownInProgress
        189,  # PrimarySteppedDown
        262,  # ExceededTimeLimit
        365,  # TemporarilyUnavailable
        9001,  # SocketException
        10107,  # NotWritablePrimary
        11600,  # InterruptedAtShutdown
        11602,  # InterruptedDueToReplStateChange
        13435,  # NotPrimaryNoSecondaryOk
        13436,  # NotPrimaryOrSecondary
        14031,  # OutOfDiskSpace
    }
)
_STORAGE_FAILED = re.compile(r"WT_PANIC|WT_RUN_RECOVERY|No space left|Disk quota exceeded|Input/output error")
"""Messages of storage failures in the embedded database, which reports them under a generic error code."""


def is_unavailable(error: BaseException) -> bool:
    """Return whether the database is unreachable or cannot store data, so that the operation can be retried later."""
    if isinstance(error, OperationFailure):
        return any(_is_of_storage(fault) for fault in _faults(error))
    return isinstance(error, DatabaseUnavailable | PyMongoError)


def _faults(error: OperationFailure) -> Iterator[tuple[Any, str]]:
    """Yield the codes and messages of an error; for a bulk write those of its parts, which may differ."""
    yield error.code, str(error)
    if isinstance(error, BulkWriteError):
        details = error.details or {}
        for fault in [*details.get("writeErrors", ()), *details.get("writeConcernErrors", ())]:
            yield fault.get("code"), str(fault.get("errmsg"))


def _is_of_storage(fault: tuple[Any, str]) -> bool:
    code, message = fault
    return code in _AWAY or bool(_STORAGE_FAILED.search(message))
