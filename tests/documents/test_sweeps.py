"""A sweep reads each row of a list once, in order, in windows of bounded size."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest

from tocsin.clock import EPOCH, MILLISECOND
from tocsin.documents import Database
from tocsin.documents.keyset import Branch, CursorPosition, KeysetQuery
from tocsin.documents.sweeps import Sweep

START = EPOCH + timedelta(days=20_000)


def query(database: Database, **more: Any) -> KeysetQuery[Any]:
    hint = (START, START + timedelta(hours=2))
    return KeysetQuery(
        database.runs, "swept", "due_at", False, {"owner": "o"}, key_range_hint=more.pop("hint", hint), **more
    )


async def read_all(sweep: Sweep[Any]) -> list[list[str]]:
    pages = []
    while not sweep.is_done:
        pages.append([row["_id"] for row in await sweep.read()])
    return pages


@pytest.mark.parametrize("seed", range(4))
async def test_each_row_is_read_once_however_dense_the_list_is(database: Database, seed: int) -> None:
    random = Random(seed)
    at, rows = START, list[dict[str, Any]]()
    while len(rows) < 400:
        at += random.choice([0, 0, 0, 1, 7, 60_000, 600_000]) * MILLISECOND
        rows.append({"_id": f"o/{len(rows):03}", "owner": random.choice("oooop"), "due_at": at, "status": "QUEUED"})
    await database.db["runs"].insert_many(rows)
    expected = [row["_id"] for row in rows if row["owner"] == "o"]
    pages = await read_all(Sweep(query(database), None, 20))
    assert [row for page in pages for row in page] == expected
    middle = next(row for row in rows if row["_id"] == expected[150])
    rest = await read_all(Sweep(query(database), CursorPosition(middle["due_at"], middle["_id"]), 20))
    assert [row for page in rest for row in page] == expected[151:]
    assert await Sweep(query(database), None, 20).count(1_000) == len(expected)
    assert await Sweep(query(database), None, 20).count(100) == 101


async def test_a_window_has_no_more_rows_than_wanted_unless_they_have_the_same_time(database: Database) -> None:
    rows = [
        {"_id": f"o/{number:04}", "owner": "o", "due_at": START + number // 3 * MILLISECOND} for number in range(600)
    ]
    await database.db["runs"].insert_many(rows)
    pages = await read_all(Sweep(query(database), None, 10))
    assert max(len(page) for page in pages) <= 10
    assert [row for page in pages for row in page] == [row["_id"] for row in rows]
    assert max(len(page) for page in await read_all(Sweep(query(database), None, 1))) == 3


async def test_conditions_and_bounds_apply(database: Database) -> None:
    rows = [
        {"_id": f"o/{number}", "owner": "o", "due_at": START + timedelta(seconds=number), "status": "AB"[number % 2]}
        for number in range(10)
    ]
    await database.db["runs"].insert_many(rows)
    swept = query(
        database, branches=(Branch({"status": "A"}), Branch({"status": "B"}, {"_id": {"$ne": "o/5"}})),
        min_key=START + timedelta(seconds=2), max_key=START + timedelta(seconds=8),
        extra_filter={"_id": {"$ne": "o/4"}},
    )  # fmt: skip
    pages = await read_all(Sweep(swept, None, 100))
    assert [row for page in pages for row in page] == ["o/2", "o/3", "o/6", "o/7", "o/8"]
