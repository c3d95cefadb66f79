"""Inserts of many documents of which some may already exist."""

from pymongo.errors import BulkWriteError

_DUPLICATE_KEY = 11000


def existing_indexes(error: BulkWriteError) -> list[int]:
    """Return the indexes of the documents that were not inserted because they already exist.

    Raises the error again if it has any other cause.
    """
    faults = error.details.get("writeErrors", [])
    others = error.details.get("writeConcernErrors") or any(fault["code"] != _DUPLICATE_KEY for fault in faults)
    if others or not faults:
        raise error
    return [fault["index"] for fault in faults]
