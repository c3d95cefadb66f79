"""A reader gets from a section exactly what it would have read itself."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.documents.keyset import CursorPosition
from tocsin.notifications.inbox import reader as reading
from tocsin.notifications.inbox.positions import FeedPosition, digest
from tocsin.notifications.inbox.reader import FeedPage, FeedSource, NotificationReader
from tocsin.notifications.inbox.sections import FeedSection

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
NOWHERE: Any = None


class Stored(reading.DatabaseSource):
    """Notifications in memory, instead of those in the database."""

    def __init__(self, rows: list[Any]) -> None:
        super().__init__(NOWHERE, "u1")
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "asked", [])

    async def read_time(self) -> datetime:
        return NOW

    async def read_rows(self, floor: CursorPosition, most: int) -> tuple[list[Any], bool]:
        beyond = [row for row in self.rows if (row["stored_at"], row["_id"]) > (floor.key, floor.id)]  # type: ignore[attr-defined]
        return beyond[:most], len(beyond) < most

    async def read_documents(self, ids: Collection[str]) -> Mapping[str, Any]:
        self.asked.append(sorted(ids))  # type: ignore[attr-defined]
        return {row["_id"]: row for row in self.rows if row["_id"] in ids and not row["deleted"]}  # type: ignore[attr-defined]


@st.composite
def stored_and_readers(draw: st.DrawFn) -> tuple[list[Any], list[FeedPosition]]:
    """Draw notifications of the last 20 seconds, and positions of readers among them."""
    ages = st.integers(0, 20)
    rows = [
        {
            "_id": f"u1/{number:02}",
            "stored_at": NOW - draw(ages) * SECOND,
            "owner": "u1",
            "kind": draw(st.sampled_from("ab")),
            "deleted": draw(st.booleans()),
        }
        for number in range(draw(st.integers(0, 12)))
    ]
    rows.sort(key=lambda row: (row["stored_at"], row["_id"]))
    given = st.frozensets(st.sampled_from([row["_id"] for row in rows]) if rows else st.nothing())
    floors = st.builds(
        lambda age, id_: CursorPosition(NOW - age * SECOND, id_), st.integers(5, 20), st.sampled_from(["~", "u1/05"])
    )
    names = [frozenset(digest(str(each)) for each in draw(given)) for _ in range(draw(st.integers(1, 4)))]
    return rows, [FeedPosition(draw(floors), each) for each in names]


async def read_all(position: FeedPosition, limit: int, source: FeedSource) -> tuple[list[FeedPage], FeedPosition]:
    reader = NotificationReader(NOWHERE, "u1", position, lambda row: row["kind"] == "a")
    pages = [await reader.read(limit, source)]
    while pages[-1].has_more:
        pages.append(await reader.read(limit, source))
    return pages, reader.position


@given(stored_and_readers(), st.integers(1, 9))
def test_what_is_given_is_that_of_a_read_of_its_own(drawn: tuple[list[Any], list[FeedPosition]], limit: int) -> None:
    rows, positions = drawn
    floor = min((each.floor for each in positions), key=lambda each: (each.key, each.id))

    async def compare() -> None:
        source = Stored(rows)
        beyond, _ = await source.read_rows(floor, 1_000)
        section = FeedSection(source, floor, NOW, beyond)
        for position in positions:
            shared = await read_all(position, limit, section)
            own = await read_all(position, limit, source)
            assert [step for page in shared[0] for step in page.steps] == [
                step for page in own[0] for step in page.steps
            ]
            for end in (shared[1], own[1]):
                assert not any(page.steps for page in (await read_all(end, limit, source))[0])

    asyncio.run(compare())


async def test_documents_are_read_once_for_all_readers() -> None:
    rows = [
        {"_id": f"u1/{number}", "stored_at": NOW, "owner": "u1", "kind": "a", "deleted": number == 1}
        for number in range(3)
    ]
    source, start = Stored(rows), FeedPosition.at(NOW - 9 * SECOND)
    section = FeedSection(source, start.floor, NOW, rows)  # type: ignore[arg-type]
    for _ in range(5):
        pages, _ = await read_all(start, 9, section)
        assert [step.row["_id"] for step in pages[0].steps] == ["u1/0", "u1/2"]
    assert source.asked == [["u1/0", "u1/1", "u1/2"]]  # type: ignore[attr-defined]


async def test_a_reader_that_is_before_it_gets_an_error() -> None:
    section = FeedSection(Stored([]), FeedPosition.at(NOW - 9 * SECOND).floor, NOW, [])
    with pytest.raises(ValueError, match="begins after this position"):
        await read_all(FeedPosition.at(NOW - 10 * SECOND), 9, section)
