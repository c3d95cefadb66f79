"""What a badge says of a task or workflow."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin.public_links.status import Outcome, PublicState, PublicStatus, SuccessRate, count_rates, decide_state

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def outcomes(*statuses: str, every: timedelta = HOUR) -> list[Outcome]:
    """Return outcomes of which the last was due now."""
    times = [NOW - every * number for number in reversed(range(len(statuses)))]
    return [Outcome(status, at, at + timedelta(seconds=1)) for status, at in zip(statuses, times, strict=True)]


@pytest.mark.parametrize(
    ("statuses", "changes", "state"),
    [
        ([], {}, PublicState.NEVER_RUN),
        (["SKIPPED", "CANCELLED"], {}, PublicState.NEVER_RUN),
        (["FAILED", "COMPLETED"], {}, PublicState.PASSING),
        (["COMPLETED", "SKIPPED"], {}, PublicState.PASSING),
        (["COMPLETED", "FAILED"], {}, PublicState.FAILING),
        (["COMPLETED", "FAILED", "CANCELLED"], {}, PublicState.FAILING),
        (["COMPLETED", "MISSED"], {}, PublicState.MISSED),
        (["COMPLETED"], {"failing_since": NOW - HOUR}, PublicState.FAILING),
        (["COMPLETED"], {"next_run_at": NOW - timedelta(seconds=60)}, PublicState.PASSING),
        (["COMPLETED"], {"next_run_at": NOW - timedelta(seconds=61)}, PublicState.LATE),
        ([], {"next_run_at": NOW - HOUR}, PublicState.LATE),
        (["FAILED"], {"next_run_at": NOW - HOUR}, PublicState.FAILING),
        (["MISSED"], {"next_run_at": NOW - HOUR}, PublicState.LATE),
        (["FAILED"], {"is_paused": True}, PublicState.PAUSED),
        (["FAILED"], {"is_cancelled": True}, PublicState.CANCELLED),
    ],
)
def test_the_state_is_what_the_owner_decided_and_then_what_is_worst(
    statuses: list[str], changes: dict[str, Any], state: PublicState
) -> None:
    given: dict[str, Any] = {"is_paused": False, "is_cancelled": False, "next_run_at": None, "failing_since": None}
    assert decide_state(**given | changes, outcomes=outcomes(*statuses), now=NOW) is state


def test_rates_are_of_whole_periods() -> None:
    days = timedelta(days=3)
    rates = count_rates(outcomes("FAILED", "COMPLETED", "SKIPPED", "COMPLETED", every=days), NOW, is_all=True)
    assert [(each.completed, each.failed) for each in rates] == [(1, 0), (2, 0), (2, 1)]
    assert all(each.exact for each in rates)


def test_a_rate_says_when_older_runs_are_missing() -> None:
    rates = count_rates(outcomes(*["COMPLETED"] * 30), NOW, is_all=False)
    assert [each.exact for each in rates] == [True, False, False]


@pytest.mark.parametrize(
    ("completed", "failed", "percent"), [(0, 0, None), (1, 0, 100.0), (0, 1, 0.0), (2, 1, 66.6), (99_999, 1, 99.9)]
)
def test_all_means_all(completed: int, failed: int, percent: float | None) -> None:
    assert SuccessRate("24 hours", timedelta(days=1), completed, failed).percent == percent


def test_the_last_run_is_one_that_took_place() -> None:
    shown = outcomes("COMPLETED", "FAILED", "SKIPPED", "MISSED")
    status = PublicStatus("a", PublicState.FAILING, shown, [], None, NOW)
    assert status.last_run_at == shown[1].ended_at
