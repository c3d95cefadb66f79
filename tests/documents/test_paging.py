"""Pages of a collection: windows of the key, filters and counts. The arguments of the API are tested in graphql/."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin.documents import Database, paging
from tocsin.documents.keyset import (
    Branch,
    CursorPosition,
    KeysetQuery,
    ListPosition,
    contains_text,
    decode_cursor,
    encode_cursor,
    key_range,
)
from tocsin.documents.paging import Count, PageArguments, count_rows, fetch_page
from tocsin.documents.walks import Walk, _widths
from tocsin.documents.windows import Window
from tocsin.errors import InvalidInput

T0 = datetime(2026, 3, 1, tzinfo=UTC)
LAST = T0 + timedelta(days=400)


def _query(database: Database, **changes: Any) -> KeysetQuery[Any]:
    fields: dict[str, Any] = {"indexed_filter": {"owner": "alice"}, "key_range_hint": (T0, LAST), **changes}
    return KeysetQuery(database.tasks, "created", "created_at", descending=True, **fields)


async def _store(database: Database, rows: list[Any]) -> None:
    await database.tasks.insert_many(rows)


async def _insert(database: Database) -> list[str]:
    """Insert a few rows that are far apart, and return their IDs, newest first."""
    times = [T0, T0, T0 + timedelta(seconds=5), T0 + timedelta(days=30), LAST - timedelta(hours=1), LAST]
    rows: list[Any] = [
        {"_id": f"alice/{at}", "owner": "alice", "created_at": time, "n": at} for at, time in enumerate(times)
    ]
    await _store(database, rows)
    return [row["_id"] for row in sorted(rows, key=lambda row: (row["created_at"], row["_id"]), reverse=True)]


@pytest.mark.parametrize("size", [1, 2, 6])
async def test_windows_miss_no_row(database: Database, size: int) -> None:
    expected = await _insert(database)
    for changes in ({}, {"key_range_hint": None}, {"extra_filter": {"n": {"$gte": 0}}}):
        query, found, after = _query(database, **changes), list[str](), None
        while True:
            page = await fetch_page(query, PageArguments(size, after, None, None))
            found += [row["_id"] for row in page.rows]
            if not page.has_next:
                break
            after = encode_cursor(query, page.rows[-1])
        assert found == expected


async def test_counts_are_those_of_all_pages(database: Database) -> None:
    await _insert(database)
    cases: list[tuple[dict[str, Any], int]] = [
        ({}, 6),
        ({"extra_filter": {"n": {"$gte": 4}}}, 2),
        ({"extra_filter": {"n": {"$gte": 4}}, "key_range_hint": None}, 2),
        ({"min_key": T0 + timedelta(seconds=1), "max_key": LAST - timedelta(hours=1)}, 3),
        ({"indexed_filter": {"owner": "bob"}}, 0),
    ]
    for changes, expected in cases:
        assert await count_rows(_query(database, **changes)) == Count(expected, is_exact=True), changes


async def test_counting_stops_at_a_bound_and_says_so(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await _insert(database)
    none_matches = _query(database, extra_filter={"n": -1})
    assert await count_rows(none_matches) == Count(0, is_exact=True)
    monkeypatch.setattr(paging, "MAX_FILTERED", 1)
    assert await count_rows(none_matches) == Count(0, is_exact=False)
    for bound, is_exact in ((5, False), (6, True)):
        monkeypatch.setattr(paging, "MAX_COUNT", bound)
        assert await count_rows(_query(database)) == Count(bound, is_exact=is_exact)


async def _insert_behind_a_gap(database: Database, gap: timedelta) -> None:
    rows: list[Any] = [
        {"_id": f"alice/{at}", "owner": "alice", "created_at": LAST - timedelta(days=300) - gap * at, "status": "X"}
        for at in range(300)
    ]
    await _store(database, rows)


async def test_a_count_reads_no_more_rows_than_its_budget_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    count = Walk._count

    async def watched(walk: Walk[Any], window: Window, in_ranges: Sequence[int], to_read: int) -> int:
        read.append(to_read)
        return await count(walk, window, in_ranges, to_read)

    monkeypatch.setattr(Walk, "_count", watched)
    await _insert_behind_a_gap(database, timedelta(seconds=1))
    assert await Walk(_query(database, extra_filter={"status": "X"}), True).count(5_000, 400) == (300, True)
    read.clear()
    assert await Walk(_query(database, extra_filter={"status": "Y"}), True).count(5_000, 20) == (0, False)
    assert 0 < max(read) <= 20


async def test_a_count_gives_up_when_too_many_rows_have_the_same_key(database: Database) -> None:
    await _insert_behind_a_gap(database, timedelta(0))
    assert await Walk(_query(database, extra_filter={"status": "X"}), True).count(5_000, 20) == (0, False)


async def test_hidden_rows_are_neither_listed_nor_counted(database: Database) -> None:
    await _insert(database)
    await database.tasks.update_many({"_id": {"$in": ["alice/1", "alice/5"]}}, {"$set": {"status": "X", "hold": "Y"}})
    query = _query(database, hidden=Branch({"status": "X"}, {"hold": "Y"}))
    page = await fetch_page(query, PageArguments(None, None, None, None))
    assert [row["_id"] for row in page.rows] == ["alice/4", "alice/3", "alice/2", "alice/0"]
    assert await count_rows(query) == Count(4, is_exact=True)


async def test_a_page_ends_early_when_a_filter_excludes_much(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _insert(database)
    monkeypatch.setattr(paging, "MAX_FILTERED", 2)
    query = _query(database, extra_filter={"n": 0})
    first = await fetch_page(query, PageArguments(1, None, None, None))
    assert (first.rows, first.has_next, first.start_cursor) == ([], True, None)
    after = first.end_cursor
    while not (page := await fetch_page(query, PageArguments(1, after, None, None))).rows:
        assert page.has_next
        after = page.end_cursor
    assert [row["_id"] for row in page.rows] == ["alice/0"]
    back = await fetch_page(query, PageArguments(None, None, 1, first.end_cursor))
    assert (back.rows, back.has_next) == ([], True)


async def test_a_projection_and_bounds_of_the_key(database: Database) -> None:
    await _insert(database)
    page = await fetch_page(_query(database, projection={"n": 0}, max_key=T0), PageArguments(None, None, None, None))
    assert [row["_id"] for row in page.rows] == ["alice/1", "alice/0"]
    assert all("n" not in row for row in page.rows)


async def test_a_cursor_belongs_to_its_order(database: Database) -> None:
    query = _query(database)
    cursor = encode_cursor(query, {"_id": "alice/x", "created_at": T0})
    position = decode_cursor(query, cursor, "after")
    assert position == ListPosition(0, CursorPosition(T0, "alice/x"))
    other: KeysetQuery[Any] = KeysetQuery(database.tasks, "due", "created_at", descending=True, indexed_filter={})
    with pytest.raises(InvalidInput, match="not a cursor of this list"):
        decode_cursor(other, cursor, "after")


@pytest.mark.parametrize(
    ("text", "found"), [("a.b", "A.B a.bc"), ("$N", "$name"), ("É", "café CAFÉ"), ("afé", "café CAFÉ"), ("q", "")]
)
async def test_texts_are_found_ignoring_case(database: Database, text: str, found: str) -> None:
    names = ["A.B", "a.bc", "aXb", "$name", "café", "CAFÉ"]
    await database.db["texts"].insert_many([{"_id": at, "name": name} for at, name in enumerate([*names, None])])
    matching = await database.db["texts"].find(contains_text("name", text)).sort("_id", 1).to_list()
    assert " ".join(row["name"] for row in matching) == found


def test_ranges_and_long_texts() -> None:
    assert key_range("at", None, None) == {}
    assert key_range("at", T0, None) == {"at": {"$gte": T0}}
    with pytest.raises(InvalidInput):
        contains_text("name", "a" * 201, "name")


async def test_a_list_that_has_grown_is_not_counted_to_its_end_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "MAX_COUNT", 10)
    query = _query(database)
    await _insert(database)
    assert await count_rows(query) == Count(6, is_exact=True)
    rows: list[Any] = [
        {"_id": f"alice/{at}", "owner": "alice", "created_at": LAST - timedelta(days=at)} for at in range(10, 390)
    ]
    await _store(database, rows)
    counted = []
    for _ in range(3):
        assert await count_rows(query) == Count(10, is_exact=False)
        counted.append(await _count_by_command(database, query))
    assert counted[-1] < 100


async def test_a_part_of_a_list_says_nothing_about_its_length(database: Database) -> None:
    rows: list[Any] = [
        {"_id": f"alice/{at}", "owner": "alice", "created_at": LAST - timedelta(hours=at)} for at in range(3_000)
    ]
    await _store(database, rows)
    query = _query(database)
    first = await fetch_page(query, PageArguments(2, None, None, None))
    await fetch_page(query, PageArguments(9, None, None, first.end_cursor))
    await fetch_page(_query(database, min_key=LAST), PageArguments(9, None, None, None))
    width = _widths.recall(Walk(query, True)._name("rows"))
    assert width is not None
    assert width < timedelta(hours=4)


class _Commands:
    """The reads and counts of windows that were sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[str] = []
        for name in ("_read", "_count_range"):
            monkeypatch.setattr(Walk, name, self._record(name, getattr(Walk, name)))

    def _record(self, name: str, send: Any) -> Any:
        def recorded(*arguments: Any) -> Any:
            self.sent.append(name)
            return send(*arguments)

        return recorded


@pytest.mark.parametrize("size", [2, 9])
async def test_a_known_list_is_read_by_one_command(
    database: Database, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    expected = await _insert(database)
    page = PageArguments(size, None, None, None)
    await fetch_page(_query(database), page)
    commands = _Commands(monkeypatch)
    again = await fetch_page(_query(database), page)
    assert [row["_id"] for row in again.rows] == expected[:size]
    assert commands.sent == ["_read"]


async def test_a_known_list_that_has_become_denser_is_read_in_narrower_windows(database: Database) -> None:
    await _insert(database)
    page = PageArguments(2, None, None, None)
    await fetch_page(_query(database), page)
    rows: list[Any] = [
        {"_id": f"alice/new{at}", "owner": "alice", "created_at": LAST - timedelta(seconds=at)} for at in range(1, 100)
    ]
    await _store(database, rows)
    again = await fetch_page(_query(database), page)
    assert [row["_id"] for row in again.rows] == ["alice/5", "alice/new1"]


async def test_a_known_list_that_has_become_sparser_is_read_to_its_end(database: Database) -> None:
    expected = await _insert(database)
    page = PageArguments(2, None, None, None)
    await fetch_page(_query(database), page)
    await database.tasks.delete_many({"_id": {"$in": expected[:2]}})
    again = await fetch_page(_query(database), page)
    assert [row["_id"] for row in again.rows] == expected[2:4]


async def _count_by_command(database: Database, query: KeysetQuery[Any]) -> int:
    """Return the greatest number of rows that a command counts when the list is counted."""
    greatest = 0

    class Watched(Walk[Any]):
        async def _count(self, window: Window, in_ranges: Sequence[int], to_read: int) -> int:
            nonlocal greatest
            greatest = max(greatest, sum(in_ranges))
            return await super()._count(window, in_ranges, to_read)

    await Watched(query, True).count(10, 10)
    return greatest
