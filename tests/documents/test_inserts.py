"""The documents of an insert that already exist."""

from typing import Any

import pytest
from pymongo.errors import BulkWriteError

from tocsin.documents import Database
from tocsin.documents.inserts import existing_indexes


async def test_the_existing_documents_are_named_and_the_others_inserted(database: Database) -> None:
    await database.db["things"].insert_many([{"_id": "b"}, {"_id": "d"}])
    with pytest.raises(BulkWriteError) as caught:
        await database.db["things"].insert_many([{"_id": name} for name in "abcde"], ordered=False)
    assert existing_indexes(caught.value) == [1, 3]
    assert await database.db["things"].count_documents({}) == 5


@pytest.mark.parametrize(
    "details",
    [
        {"writeErrors": [{"index": 0, "code": 11000}, {"index": 1, "code": 121}]},
        {"writeErrors": [{"index": 0, "code": 11000}], "writeConcernErrors": [{"code": 64}]},
        {"writeErrors": [], "writeConcernErrors": [{"code": 64}]},
        {},
    ],
)
def test_any_other_fault_is_raised_again(details: dict[str, Any]) -> None:
    error = BulkWriteError(details)
    with pytest.raises(BulkWriteError) as caught:
        existing_indexes(error)
    assert caught.value is error
