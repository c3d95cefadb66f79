"""Everything is read by an index: nothing grows with what others have."""

from datetime import timedelta
from typing import Any

import pytest
from pymongo.asynchronous.collection import AsyncCollection

from tests.notifications.incidents.world import MINUTE, World, names
from tocsin import clock
from tocsin.documents import Database, ErrorKind, User
from tocsin.documents.paging import PageArguments, count_rows, fetch_page
from tocsin.notifications.incidents import listing
from tocsin.notifications.incidents.alerts import review_alerts
from tocsin.notifications.incidents.pruning import prune_incidents


class Reads:
    """The queries that were made, by collection."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.queries: list[tuple[str, Any]] = []
        for name in ("find", "aggregate"):
            monkeypatch.setattr(AsyncCollection, name, self._recorded(getattr(AsyncCollection, name)))

    def _recorded(self, read: Any) -> Any:
        def record(collection: Any, query: Any = None, *args: Any, **options: Any) -> Any:
            self.queries.append((collection.name, query[0]["$match"] if isinstance(query, list) else query))
            return read(collection, query, *args, **options)

        return record

    async def find_scans(self, database: Database) -> list[tuple[str, Any]]:
        """Return the queries that read a whole collection."""
        made = [each for each in self.queries if each[1]]
        scans = []
        for name, query in made:
            plan = await database.db.command({"explain": {"find": name, "filter": query}})
            if "COLLSCAN" in str(plan["queryPlanner"]["winningPlan"]):
                scans.append((name, query))
        return scans


async def test_no_query_reads_a_whole_collection(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hourly(_owner: str) -> timedelta:
        return timedelta(hours=1)

    world = World(database, reminder_interval=hourly)
    await world.add_tasks(*names(30))
    alice = User(id="u1", email="a@example.org", password="-", created_at=world.now - MINUTE)
    reads = Reads(monkeypatch)
    await world.end_runs(*(world.run(name, "FAILED") for name in names(30)))
    await world.end("t0000", "FAILED", ErrorKind.JOB)
    await world.pass_time(timedelta(hours=2))
    await review_alerts(database, "u1/t0001")
    await database.db["workflows"].insert_one({"_id": "u1/w", "next_run_at": None, "deleted": False})
    await world.end("w", "FAILED", ErrorKind.JOB)
    await database.alerts.update_one({"_id": "u1/w:0"}, {"$set": {"subject_type": "Workflow", "pending": True}})
    await world.pass_time(MINUTE)
    await world.end_runs(*(world.run(name, "COMPLETED") for name in names(30)))
    await world.pass_time(MINUTE)
    await world.end("t0000", "FAILED")
    await world.pass_time(20 * MINUTE)
    assert set(await world.kinds()) == {"FAILED_FOR_GOOD", "STILL_FAILING", "RECOVERED"}
    for is_open in (True, False, None):
        query = listing.query_incidents(database, alice, is_open=is_open)
        page = await fetch_page(query, PageArguments(2, None, None, None))
        await count_rows(query)
    await fetch_page(listing.query_alerts(database, page.rows[0]), PageArguments(2, None, None, None))
    await listing.count_alerts(database, [row["_id"] for row in page.rows])
    await listing.find_open_incidents(database, ["u1/t0000"])
    await prune_incidents(database, "u1", clock.now())
    assert len(reads.queries) > 50
    assert await reads.find_scans(database) == []
