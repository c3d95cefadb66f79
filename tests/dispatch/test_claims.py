"""A claim is fenced, and keeps what earlier attempts stored."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.tasks.helpers import add_run, load_run, save_hourly_task
from tocsin import clock
from tocsin.dispatch.backlog import READY_RUNS
from tocsin.dispatch.claims import claim_runs, claimed_for, unclaimed_fields
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.limiter import RunLimiter
from tocsin.documents import Database, RunStatus

NEW_RUN: Any = {"_id": "a", "fence": 0, "attempts": []}


def test_a_new_claim_is_fenced_and_has_its_first_attempt() -> None:
    now = clock.now()
    claim = claimed_for("w", NEW_RUN, now, begun=True)
    assert (claim["status"], claim["fence"], claim["worker"], claim["rank"]) == ("RUNNING", 1, "w", None)
    assert (claim["begun"], claim["started_at"]) == (True, now)
    assert claim["attempts"] == [{"number": 1, "started_at": now, "worker": "w"}]


def test_a_prefetched_run_has_no_start_time_until_its_attempt_starts() -> None:
    claim = claimed_for("w", NEW_RUN, clock.now(), begun=False)
    assert (claim["begun"], claim["started_at"]) == (False, None)


def test_a_retry_keeps_its_first_start_and_its_earlier_attempts() -> None:
    now = clock.now()
    earlier = now - timedelta(minutes=1)
    run: Any = {"_id": "a", "fence": 1, "attempts": [{"number": 1}], "started_at": earlier}
    claim = claimed_for("w", run, now, begun=True)
    assert (claim["fence"], claim["started_at"]) == (2, earlier)
    assert [attempt["number"] for attempt in claim["attempts"]] == [1, 2]


@pytest.mark.parametrize("begun", [True, False])
@pytest.mark.parametrize("earlier", [None, clock.EPOCH])
def test_a_claim_that_is_taken_back_leaves_the_run_as_it_was(begun: bool, earlier: datetime | None) -> None:
    attempts = [] if earlier is None else [{"number": 1, "started_at": earlier, "worker": "v"}]
    run: Any = {"_id": "a", "fence": 1, "attempts": attempts, "started_at": earlier, "worker": None}
    claim: Any = claimed_for("w", run, clock.now(), begun=begun)
    back = claim | unclaimed_fields(claim)
    assert (back["attempts"], back["started_at"], back["worker"]) == (attempts, earlier, None)


async def test_of_two_workers_that_claim_at_once_each_run_has_one(database: Database) -> None:
    task = await save_hourly_task(database)
    for minutes in range(20):
        await add_run(database, task.id, RunStatus.QUEUED, ago=timedelta(minutes=minutes))
    claimants = [InFlightRuns(name, 50, RunLimiter()) for name in "ab"]
    found = await database.runs.find(READY_RUNS).to_list()
    got = await asyncio.gather(*(claim_runs(database, in_flight, found, clock.now()) for in_flight in claimants))
    ids = [run["_id"] for runs in got for run in runs]
    assert sorted(ids) == sorted(run["_id"] for run in found)
    for in_flight, runs in zip(claimants, got, strict=True):
        for run in runs:
            stored = await load_run(database, run["_id"])
            assert (stored["worker"], stored["fence"], len(stored["attempts"])) == (in_flight.worker_id, 1, 1)
