"""The list of the deliveries to a channel."""

from typing import Any

from tests.notifications.channel_helpers import CHANNEL, add_channel, told
from tests.notifications.helpers import START
from tocsin import clock
from tocsin.documents import Database
from tocsin.documents.paging import PageArguments, fetch_page
from tocsin.notifications.channel_deliveries import query_deliveries


async def test_a_walk_expects_deliveries_between_the_creation_of_the_channel_and_now(database: Database) -> None:
    """Otherwise a page would count all of them, in one window from the end of time."""
    before = clock.now()
    hint = query_deliveries(database, await add_channel(database, "https://example.org/")).key_range_hint
    assert hint is not None
    assert hint[0] == START
    assert before <= hint[1] <= clock.now()


async def test_a_page_has_the_deliveries_of_one_channel_without_their_texts(database: Database) -> None:
    channel = await add_channel(database, "https://example.org/")
    mine: list[Any] = [told(number) for number in range(3)]
    await database.deliveries.insert_many([*mine, told(4, "u1/c2"), told(5, "mail")])
    page = await fetch_page(query_deliveries(database, channel), PageArguments(2, None, None, None))
    assert [row["_id"] for row in page.rows] == [told(2)["_id"], told(1)["_id"]]
    assert page.has_next
    assert all("text" not in row for row in page.rows)
    assert CHANNEL in page.rows[0]["_id"]
