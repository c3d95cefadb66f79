"""A query that an index answers in part reads only what the index has found."""

from typing import Any

import pytest

from tests.notifications.helpers import START, numbered
from tocsin.documents import Database
from tocsin.documents.narrowed_queries import find_narrowed

MINE = {"status": "QUEUED", "owner": "u2", "next_try_at": {"$lte": START}}


@pytest.fixture
async def stored(database: Database) -> Database:
    await database.deliveries.insert_many([*numbered(50), *numbered(5, "u2"), *numbered(2, "u2", _id="u2/x")[:1]])
    return database


@pytest.mark.parametrize(
    ("others", "more", "expected"),
    [
        ({}, {}, 6),
        ({"channel": None}, {}, 6),
        ({"tries": 1}, {}, 0),
        ({"channel": None}, {"limit": 2}, 2),
    ],
)
async def test_both_filters_and_the_limit_apply(stored: Database, others: Any, more: Any, expected: int) -> None:
    found = await find_narrowed(stored.deliveries, MINE, others, **more)
    assert len(found) == expected
    assert {each["owner"] for each in found} <= {"u2"}


async def test_they_are_sorted_and_have_the_fields_that_are_named(stored: Database) -> None:
    found = await find_narrowed(stored.deliveries, MINE, {}, sort="_id", fields={"owner": 1})
    assert found == sorted(found, key=lambda each: each["_id"])
    assert all(set(each) == {"_id", "owner"} for each in found)


async def test_the_index_is_used_only_without_other_fields(stored: Database) -> None:
    """The reason for this module: when this fails, it is no longer needed."""

    async def examined(filter_: Any) -> int:
        explained = await stored.db.command("explain", {"find": "deliveries", "filter": filter_})
        return int(explained["executionStats"]["totalDocsExamined"])

    assert await examined(MINE) == 6
    if (await stored.client.admin.command("hello")).get("setName") == "secantus":
        assert await examined({**MINE, "channel": None}) == 56
