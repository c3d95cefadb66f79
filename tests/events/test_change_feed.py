"""The clock of the database, by which all processes date their changes."""

from datetime import timedelta

import pytest

from tocsin import clock
from tocsin.documents import Database
from tocsin.events.change_feed import ChangeFeed


async def test_changes_are_dated_by_the_clock_of_the_database(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    right_now = clock.now
    monkeypatch.setattr(clock, "now", lambda: right_now() + timedelta(hours=1))
    feed = ChangeFeed(database, lambda _changes: None, lambda _complete_after: None)
    feed.start()
    try:
        await feed.wait_until_listening()
        assert abs(database.changes.now() - right_now()) < timedelta(minutes=1)
    finally:
        await feed.stop()
