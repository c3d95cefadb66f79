"""Live workers: those whose lease is valid and can have been granted."""

from datetime import timedelta

import pytest

from tocsin import clock
from tocsin.documents import Database
from tocsin.documents.workers import MAX_LEASE, find_living_workers, is_alive

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("remaining", "lease", "alive"),
    [
        (timedelta(0), 15.0, True),
        (-SECOND, 15.0, False),
        (30 * SECOND, 15.0, True),
        (31 * SECOND, 15.0, False),  # granted by a clock that was ahead
        (2 * MAX_LEASE, None, True),
        (2 * MAX_LEASE + SECOND, None, False),
    ],
)
def test_a_worker_is_alive_until_its_lease_ends(remaining: timedelta, lease: float | None, alive: bool) -> None:
    now = clock.now()
    assert is_alive({"_id": "w", "until": now + remaining, "lease": lease}, now) is alive


async def test_only_living_workers_are_found(database: Database) -> None:
    now = clock.now()
    await database.workers.insert_many(
        [{"_id": "alive", "until": now + SECOND, "lease": 15.0}, {"_id": "dead", "until": now - SECOND, "lease": 15.0}]
    )
    assert [worker["_id"] for worker in await find_living_workers(database.db, now)] == ["alive"]
