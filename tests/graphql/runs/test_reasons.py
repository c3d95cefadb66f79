"""Explanations of runs for people."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin.documents import RunReason
from tocsin.graphql.runs.reasons import explain_lateness, explain_run_reason

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("reason", RunReason)
def test_every_reason_is_a_sentence(reason: RunReason) -> None:
    run: Any = {"status": "FAILED", "due_at": AT}
    assert explain_run_reason(reason, run).endswith(".")


@pytest.mark.parametrize(
    ("reason", "fields", "text"),
    [
        ("MISFIRE", {}, "It was due at 2026-03-01T12:00:00Z, while no server could run it."),
        (
            "MISFIRE",
            {"missed_count": 3, "missed_until": AT + timedelta(hours=2)},
            "3 due times from 2026-03-01T12:00:00Z to 2026-03-01T14:00:00Z passed while no server could run them.",
        ),
        ("QUOTA", {}, "It was due at 2026-03-01T12:00:00Z, while a quota of its owner was used up."),
    ],
)
def test_missed_due_times_are_counted(reason: str, fields: dict[str, Any], text: str) -> None:
    run: Any = {"status": "MISSED", "due_at": AT, **fields}
    assert explain_run_reason(RunReason(reason), run) == text


def test_a_task_is_late_after_two_seconds() -> None:
    assert explain_lateness(None, AT) is None
    assert explain_lateness(AT, AT + timedelta(seconds=1)) is None
    assert (explain_lateness(AT, AT + timedelta(seconds=2)) or "").startswith("The task was due at")
