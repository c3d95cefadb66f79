"""Statistics of the runs of one owner."""

from hypothesis import given
from hypothesis import strategies as st

from tests.jobs.reports.reports import DUE, HOUR, add_runs
from tocsin.documents import Database, to_global_id
from tocsin.jobs.reports.run_history import RunHistory, RunStatistics, find_percentile


def test_percentiles_are_nearest_ranks() -> None:
    times = [float(number) for number in range(1, 21)]
    assert (find_percentile(times, 50), find_percentile(times, 95), find_percentile([], 50)) == (10.0, 19.0, None)


async def test_no_more_runs_are_counted_than_the_limit(database: Database) -> None:
    await add_runs(database)
    history, period = RunHistory(database), (DUE - 24 * HOUR, DUE)
    found = await history.summarize_runs("alice", *period, most=6)
    assert found is not None
    assert (found.totals["runs"], len(found.listed_runs)) == (6, 6)
    assert await history.summarize_runs("alice", *period, most=5) is None


async def test_the_summary_is_of_the_owner_and_of_the_time_before_the_end(database: Database) -> None:
    await add_runs(database)
    history = RunHistory(database)
    found = await history.summarize_runs("alice", DUE - 24 * HOUR, DUE)
    assert found is not None
    assert found.totals == {
        "runs": 6,
        "byStatus": {"COMPLETED": 5, "FAILED": 1},
        "successRate": 0.8333,
        "seconds": {"p50": 2.0, "p95": 5.0},
    }
    assert found.tasks == [
        {"task": "one", "runs": 5, "successRate": 0.8, "p50Seconds": 3.0, "p95Seconds": 5.0},
        {"task": "two", "runs": 1, "successRate": 1.0, "p50Seconds": 0.0, "p95Seconds": 0.0},
    ]
    due = [run["dueAt"] for run in found.listed_runs]
    assert due == sorted(due, reverse=True)
    latest = found.listed_runs[0]
    assert (latest["taskId"], latest["seconds"], latest["attempts"]) == (to_global_id("Task", "alice/one"), 1.0, 0)


async def test_a_task_of_another_owner_has_no_runs(database: Database) -> None:
    await add_runs(database)
    history, period = RunHistory(database), (DUE - 24 * HOUR, DUE)
    for task, count in (("alice/two", 1), ("bob/three", 0), ("alice/none", 0)):
        found = await history.summarize_runs("alice", *period, task_id=task)
        assert found is not None
        assert (found.totals["runs"], len(found.listed_runs)) == (count, count)


def test_statistics_of_nothing_have_no_rates() -> None:
    assert RunStatistics("t").compute_totals() == {
        "runs": 0,
        "byStatus": {},
        "successRate": None,
        "seconds": {"p50": None, "p95": None},
    }


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 100))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(times: list[float], rank: int) -> None:
    times.sort()
    found = find_percentile(times, rank)
    assert found in times
    assert sum(time <= found for time in times) * 100 >= rank * len(times)
    assert sum(time < found for time in times) * 100 < rank * len(times)
