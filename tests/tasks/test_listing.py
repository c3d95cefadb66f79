"""Queries for lists of tasks and runs."""

from datetime import timedelta

import pytest

from tests.tasks.helpers import add_run, save_hourly_task
from tocsin import clock
from tocsin.documents import Database, RunStatus, User
from tocsin.documents.paging import PageArguments, fetch_page
from tocsin.errors import InvalidInput
from tocsin.tasks.listing import RunCriteria, RunOrderField, TaskCriteria, query_runs

ALICE = User.model_construct(id="alice", created_at=clock.now() - timedelta(days=1))
S = RunStatus
PAGE = PageArguments(None, None, None, None)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([S.QUEUED], "claimed queued"),
        ([S.RUNNING], "running"),
        ([S.QUEUED, S.RUNNING], "claimed queued running"),
        ([S.COMPLETED], ""),
        ([], ""),
        (None, "claimed queued running"),
    ],
)
async def test_a_claimed_run_whose_attempt_has_not_begun_is_listed_as_queued(
    database: Database, statuses: list[RunStatus] | None, expected: str
) -> None:
    task = await save_hourly_task(database)
    names = {
        await add_run(database, task.id, S.QUEUED, ago=timedelta(hours=1)): "queued",
        await add_run(database, task.id, S.RUNNING, ago=timedelta(hours=2), begun=True): "running",
        await add_run(database, task.id, S.RUNNING, ago=timedelta(hours=3), begun=False): "claimed",
    }
    query = query_runs(database, ALICE, RunCriteria(statuses=statuses), RunOrderField.DUE_AT, descending=True)
    found = await fetch_page(query, PAGE)
    assert " ".join(sorted(names[run["_id"]] for run in found.rows)) == expected
    assert all("job" not in run for run in found.rows)


def test_at_most_twenty_tags() -> None:
    assert TaskCriteria(tags=["a"] * 20).to_query()["tags"] == {"$all": ["a"] * 20}
    with pytest.raises(InvalidInput, match="at most 20"):
        TaskCriteria(tags=["a"] * 21).to_query()
