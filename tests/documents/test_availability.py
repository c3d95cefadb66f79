import pytest
from pymongo.errors import AutoReconnect, BulkWriteError, DuplicateKeyError, OperationFailure, WriteError

from tocsin.documents import is_unavailable
from tocsin.errors import DatabaseUnavailable, InvalidInput

PANIC = 'WiredTiger error: WtError { code: -31804, message: "WT_PANIC: WiredTiger library panic" }'
FULL = 'WiredTiger error: WtError { code: 28, message: "No space left on device" }'


def bulk(*faults: tuple[int, str], concern: bool = False) -> BulkWriteError:
    """Return the error of a bulk write with these failed parts."""
    found = [{"index": index, "code": code, "errmsg": message} for index, (code, message) in enumerate(faults)]
    return BulkWriteError({"writeErrors": [] if concern else found, "writeConcernErrors": found if concern else []})


@pytest.mark.parametrize(
    "error",
    [
        AutoReconnect("connection closed"),
        DatabaseUnavailable("the database does not answer"),
        OperationFailure(PANIC, 1),
        OperationFailure(FULL, 1),
        OperationFailure("the disk is full", 14031),
        OperationFailure("interrupted at shutdown", 11600),
        WriteError(PANIC, 1),
        bulk((11000, "E11000 duplicate key"), (1, PANIC)),
        bulk((91, "shutdown in progress"), concern=True),
    ],
    ids=str,
)
def test_the_database_is_away_or_cannot_store(error: Exception) -> None:
    assert is_unavailable(error)


@pytest.mark.parametrize(
    "error",
    [
        OperationFailure("unknown operator: $no", 2),
        OperationFailure("something else inside", 1),
        DuplicateKeyError("E11000 duplicate key", 11000),
        bulk((11000, "E11000 duplicate key")),
        InvalidInput("too long", "name"),
        ValueError("WT_PANIC"),
    ],
    ids=str,
)
def test_a_refused_command_and_a_fault_of_ours_are_not_taken_for_it(error: Exception) -> None:
    assert not is_unavailable(error)
