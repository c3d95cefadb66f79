"""A claim is fenced, and keeps what earlier attempts stored."""

from datetime import timedelta
from typing import Any

from tocsin import clock
from tocsin.dispatch.claims import claimed_for

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
